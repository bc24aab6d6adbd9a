//! A loaded plugin: symbol, descriptor, functions. Loaded once and never unloaded; nothing is called here but what says
//! where the descriptor is.

use std::mem::{ManuallyDrop, MaybeUninit, offset_of};

use libloading::os::unix::{Library as Loaded, RTLD_LOCAL, RTLD_NOW};
use roundsman_plugin_abi::raw::{ABI_VERSION, Descriptor, Function, Locator, MAGIC, SYMBOL};
use roundsman_wire::Purpose;

use super::file::Copied;

/// The smallest descriptor: that of the first edition of this version of the interface.
const FIRST_DESCRIPTOR_BYTES: u32 = (offset_of!(Descriptor, preflight) + size_of::<usize>()) as u32;
/// The largest descriptor that is believed.
const MAX_DESCRIPTOR_BYTES: u32 = 4096;

/// What a plugin offers.
pub(super) struct Library {
    descriptor: Descriptor,
}

#[expect(unsafe_code, reason = "this is where plugins are loaded")]
impl Library {
    /// Loads it; its constructors run here. The error is a sentence for people.
    pub(super) fn load(copied: Copied) -> Result<Self, String> {
        let copied = ManuallyDrop::new(copied);
        let place = copied.place();
        let readable = |error: libloading::Error| linker_words(&error).replace(&place, &shown(&copied));
        // SAFETY: what its constructors do cannot be known; that is why they run in a process of their own.
        let loaded = unsafe { Loaded::open(Some(&place), RTLD_NOW | RTLD_LOCAL) };
        let loaded = loaded.map_err(|error| format!("it cannot be loaded: {}", readable(error)))?;
        let loaded = ManuallyDrop::new(loaded);
        // SAFETY: the name belongs to this interface, so a symbol of that name is this function.
        let locator = unsafe { loaded.get::<Locator>(SYMBOL) }.map_err(|_| {
            format!("it does not export the symbol `{SYMBOL}`: it is no plugin, or hides its symbols")
        })?;
        // SAFETY: as above; and it takes nothing.
        let address = unsafe { locator() };
        Self::read(address)
    }

    /// Copies the descriptor, as far as both sides know it.
    fn read(address: *const Descriptor) -> Result<Self, String> {
        if address.is_null() {
            return Err(format!("`{SYMBOL}` returned no descriptor"));
        }
        // SAFETY: the address is that of a descriptor, whose head is the same in all versions. It need not be aligned.
        let (magic, version, size) = unsafe {
            let head = address.cast::<u8>();
            (
                head.add(offset_of!(Descriptor, magic)).cast::<u64>().read_unaligned(),
                head.add(offset_of!(Descriptor, abi_version)).cast::<u32>().read_unaligned(),
                head.add(offset_of!(Descriptor, size)).cast::<u32>().read_unaligned(),
            )
        };
        if magic != MAGIC {
            return Err(format!("what `{SYMBOL}` returned is no descriptor (it begins with {magic:#018x})"));
        }
        if version != ABI_VERSION {
            return Err(format!(
                "it was built for version {version} of the plugin interface, this Roundsman has version {ABI_VERSION}: \
                 build it with the header of this version"
            ));
        }
        // SAFETY: the plugin says that as many bytes are there, and every pattern of bits is a descriptor, also zeros: an
        // address of zero is a missing function.
        let descriptor = unsafe { copied::<Descriptor>(address.cast(), size) }?;
        Ok(Self { descriptor })
    }
}

/// Copies a descriptor that claims so many bytes, as far as both sides know it; what an older one does not have is zero.
///
/// # Safety
///
/// As many bytes as it claims can be read at the address, and any bytes and zeros behind them make a `T`.
#[expect(unsafe_code, reason = "a descriptor over C")]
unsafe fn copied<T>(address: *const u8, size: u32) -> Result<T, String> {
    if !(FIRST_DESCRIPTOR_BYTES..=MAX_DESCRIPTOR_BYTES).contains(&size) {
        return Err(format!(
            "its descriptor claims {size} bytes; at least {FIRST_DESCRIPTOR_BYTES} were expected"
        ));
    }
    let mut descriptor = MaybeUninit::<T>::zeroed();
    let known = size_of::<T>().min(size as usize);
    // SAFETY: both sides have as many bytes, and the caller vouches for what they make.
    Ok(unsafe {
        descriptor.as_mut_ptr().cast::<u8>().copy_from_nonoverlapping(address, known);
        descriptor.assume_init()
    })
}

impl Library {
    /// The function for this; nothing if the plugin may do without it and does.
    pub(super) fn function(&self, purpose: Purpose) -> Result<Option<Function>, String> {
        let (name, function) = match purpose {
            Purpose::Describe => ("describe", self.descriptor.describe),
            Purpose::Run => ("run", self.descriptor.run),
            Purpose::Preflight => return Ok(self.descriptor.preflight),
        };
        match function {
            Some(function) => Ok(Some(function)),
            None => Err(format!("its descriptor has no `{name}`")),
        }
    }
}

/// What the dynamic linker says; its words stand behind the error's own.
fn linker_words(error: &libloading::Error) -> String {
    let source = std::error::Error::source(error);
    source.map_or_else(|| error.to_string(), ToString::to_string)
}

fn shown(copied: &Copied) -> String {
    copied.path.display().to_string()
}

#[cfg(test)]
mod tests;
