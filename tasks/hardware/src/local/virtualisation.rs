//! Whether the machine is a guest, and whether this is a container, where a file says so. It asks no processor
//! instruction.

use super::{cpu::field, reader::Reader};
use crate::record::HwRecord;

/// How DMI's vendor, product or BIOS begin, and the hypervisor that writes so.
const HYPERVISORS: [(&str, &str); 13] = [
    ("KVM", "kvm"),
    ("OpenStack", "kvm"),
    ("Amazon EC2", "amazon"),
    ("Google Compute Engine", "google"),
    ("QEMU", "qemu"),
    ("VMware", "vmware"),
    ("VMW", "vmware"),
    ("innotek GmbH", "oracle"),
    ("VirtualBox", "oracle"),
    ("Xen", "xen"),
    ("Bochs", "bochs"),
    ("Parallels", "parallels"),
    ("BHYVE", "bhyve"),
];

pub(super) fn read(reader: &Reader, record: &mut HwRecord) {
    let guest = from_dmi(reader).or_else(|| from_files(reader)).or_else(|| from_processor(reader));
    let extra = &mut record.software.extra;
    extra.extend(guest.map(|name| ("virtualisation".to_owned(), name)));
    extra.extend(container(reader).map(|name| ("container".to_owned(), name)));
}

fn from_dmi(reader: &Reader) -> Option<String> {
    let value = |name: &str| reader.attribute(&format!("sys/class/dmi/id/{name}")).unwrap_or_default();
    let (vendor, product) = (value("sys_vendor"), value("product_name"));
    if vendor == "Microsoft Corporation" && product == "Virtual Machine" {
        return Some("microsoft".to_owned());
    }
    // Machines that are rented whole carry the same vendor.
    if product.contains(".metal") {
        return None;
    }
    let texts = [product, vendor, value("bios_vendor")];
    let found = HYPERVISORS.iter().find(|(start, _)| texts.iter().any(|text| text.starts_with(start)))?;
    Some(found.1.to_owned())
}

fn from_files(reader: &Reader) -> Option<String> {
    // The first domain of Xen runs on the machine itself.
    let first_domain =
        reader.attribute("proc/xen/capabilities").is_some_and(|text| text.contains("control_d"));
    let xen = reader.attribute("sys/hypervisor/type").filter(|_| !first_domain);
    let device_tree = || {
        let compatible = reader.attribute("sys/firmware/devicetree/base/hypervisor/compatible")?;
        Some(if compatible.contains("kvm") {
            "kvm".to_owned()
        } else {
            compatible.split('\0').next()?.to_owned()
        })
    };
    xen.or_else(device_tree)
}

/// The processor says that there is a hypervisor, not which.
fn from_processor(reader: &Reader) -> Option<String> {
    let info = reader.table("proc/cpuinfo")?;
    let flags = info.lines().find_map(|line| field(line, "flags"))?;
    flags.split_whitespace().any(|flag| flag == "hypervisor").then(|| "vm".to_owned())
}

fn container(reader: &Reader) -> Option<String> {
    let named = reader.attribute("run/systemd/container");
    let podman = || reader.exists("run/.containerenv").then(|| "podman".to_owned());
    let docker = || reader.exists(".dockerenv").then(|| "docker".to_owned());
    named.or_else(podman).or_else(docker)
}
