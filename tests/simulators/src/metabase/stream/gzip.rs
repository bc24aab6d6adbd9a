//! Gzip as a server writes it while it goes: a head, data that may be flushed, and a trailer only if the stream is closed.
//! Blocks that come again and again are packed once.

use flate2::{Compress, Compression, Crc, FlushCompress};

const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0];

pub(super) struct Gzip {
    compress: Compress,
    sum: Crc,
    begun: bool,
    block: Option<(Vec<u8>, Crc)>,
}

impl Gzip {
    pub(super) fn new(block: Option<&[u8]>) -> Self {
        let block = block.map(|block| {
            let mut packed = Vec::new();
            squeeze(&mut compress(), block, FlushCompress::Full, &mut packed);
            let mut sum = Crc::new();
            sum.update(block);
            (packed, sum)
        });
        Self { compress: compress(), sum: Crc::new(), begun: false, block }
    }

    pub(super) fn put(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.begin(out);
        self.sum.update(bytes);
        squeeze(&mut self.compress, bytes, FlushCompress::None, out);
    }

    /// Nothing before it is looked at from behind it, so the block fits as it is.
    pub(super) fn put_block(&mut self, out: &mut Vec<u8>) {
        self.begin(out);
        squeeze(&mut self.compress, &[], FlushCompress::Full, out);
        if let Some((packed, sum)) = &self.block {
            out.extend(packed);
            self.sum.combine(sum);
        }
    }

    /// All that was put can be unpacked from what is out.
    pub(super) fn flush(&mut self, out: &mut Vec<u8>) {
        self.begin(out);
        squeeze(&mut self.compress, &[], FlushCompress::Sync, out);
    }

    /// The end of the data, and the trailer: sum and length.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) -> [u8; 8] {
        self.begin(out);
        squeeze(&mut self.compress, &[], FlushCompress::Finish, out);
        let mut trailer = [0; 8];
        trailer[..4].copy_from_slice(&self.sum.sum().to_le_bytes());
        trailer[4..].copy_from_slice(&self.sum.amount().to_le_bytes());
        (self.compress, self.sum, self.begun) = (compress(), Crc::new(), false);
        trailer
    }

    fn begin(&mut self, out: &mut Vec<u8>) {
        if !self.begun {
            self.begun = true;
            out.extend(HEAD);
        }
    }
}

fn compress() -> Compress {
    Compress::new(Compression::fast(), false)
}

fn squeeze(compress: &mut Compress, mut bytes: &[u8], flush: FlushCompress, out: &mut Vec<u8>) {
    loop {
        out.reserve(bytes.len() / 2 + 1_024);
        let before = compress.total_in();
        compress.compress_vec(bytes, out, flush).expect("data in memory can be packed");
        bytes = &bytes[(compress.total_in() - before) as usize..];
        // Room that is left says that nothing is held back.
        if bytes.is_empty() && out.len() < out.capacity() {
            return;
        }
    }
}
