//! Fernet as its specification has it: AES-128-CBC, then HMAC-SHA256, in URL-safe base64. Tokens of a vault do not
//! expire, so their time is written and not judged.

use std::fmt;

use aes::cipher::{BlockDecryptMut, BlockEncryptMut, KeyIvInit, block_padding::Pkcs7};
use base64::{
    Engine,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::URL_SAFE},
};
use hmac::{Hmac, Mac};
use rand::{TryRngCore, rngs::OsRng};
use roundsman_model::Timestamp;
use sha2::Sha256;
use zeroize::Zeroizing;

const VERSION: u8 = 0x80;
const TIME: usize = 8;
const IV: usize = 16;
const BLOCK: usize = 16;
const MAC: usize = 32;
/// Version, time and initialisation vector.
const HEAD: usize = 1 + TIME + IV;

/// Reads what others write with and without padding.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A key of the vault.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    signing: Zeroizing<[u8; 16]>,
    encryption: Zeroizing<[u8; 16]>,
}

impl Key {
    /// A new key, from the kernel's random numbers.
    pub fn generate() -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        random(bytes.as_mut());
        Self::of(&bytes)
    }

    /// Reads a key as it is written: 32 bytes in URL-safe base64.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(LENIENT.decode(text).ok()?);
        let bytes: Zeroizing<[u8; 32]> = Zeroizing::new(bytes.as_slice().try_into().ok()?);
        Some(Self::of(&bytes))
    }

    fn of(bytes: &[u8; 32]) -> Self {
        let mut key = Self { signing: Zeroizing::default(), encryption: Zeroizing::default() };
        key.signing.copy_from_slice(&bytes[..16]);
        key.encryption.copy_from_slice(&bytes[16..]);
        key
    }

    /// The key as it is written.
    pub fn text(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new([0; 32]);
        bytes[..16].copy_from_slice(self.signing.as_ref());
        bytes[16..].copy_from_slice(self.encryption.as_ref());
        Zeroizing::new(URL_SAFE.encode(bytes.as_ref()))
    }

    /// Encrypts a value into a token.
    pub fn seal(&self, value: &[u8], now: Timestamp) -> String {
        let mut iv = [0; IV];
        random(&mut iv);
        self.seal_with(value, now.timestamp().unsigned_abs(), iv)
    }

    fn seal_with(&self, value: &[u8], seconds: u64, iv: [u8; IV]) -> String {
        let cipher = cbc::Encryptor::<aes::Aes128>::new((&*self.encryption).into(), &iv.into());
        let mut token = Vec::with_capacity(HEAD + value.len() + BLOCK + MAC);
        token.push(VERSION);
        token.extend(seconds.to_be_bytes());
        token.extend(iv);
        token.extend(cipher.encrypt_padded_vec_mut::<Pkcs7>(value));
        let mac = self.mac(&token).finalize().into_bytes();
        token.extend(mac);
        URL_SAFE.encode(token)
    }

    /// The value in a token, if this key made it and nobody changed it.
    pub fn open(&self, token: &str) -> Option<Zeroizing<Vec<u8>>> {
        let token = LENIENT.decode(token).ok()?;
        let encrypted = token.len().checked_sub(HEAD + MAC)?;
        if token[0] != VERSION || encrypted == 0 || !encrypted.is_multiple_of(BLOCK) {
            return None;
        }
        let (signed, mac) = token.split_at(HEAD + encrypted);
        // Compares in constant time.
        self.mac(signed).verify_slice(mac).ok()?;
        let iv: [u8; IV] = signed[1 + TIME..HEAD].try_into().ok()?;
        let cipher = cbc::Decryptor::<aes::Aes128>::new((&*self.encryption).into(), &iv.into());
        let mut value = Zeroizing::new(signed[HEAD..].to_vec());
        let length = cipher.decrypt_padded_mut::<Pkcs7>(&mut value).ok()?.len();
        value.truncate(length);
        Some(value)
    }

    fn mac(&self, signed: &[u8]) -> Hmac<Sha256> {
        let mac = Hmac::<Sha256>::new_from_slice(self.signing.as_ref());
        mac.expect("HMAC takes keys of any length").chain_update(signed)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(********)")
    }
}

/// Whether a text looks like a token, whoever made it and whether or not it is whole.
pub(crate) fn looks_like_token(text: &str) -> bool {
    // The version byte and the first bytes of any time until the year 2242; 60 characters hold no value yet.
    text.len() > 60 && text.starts_with("gAAAA")
}

fn random(bytes: &mut [u8]) {
    OsRng.try_fill_bytes(bytes).expect("the kernel gives random numbers to a process that came this far");
}

#[cfg(test)]
mod tests;
