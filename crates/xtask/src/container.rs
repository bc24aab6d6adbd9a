//! placeholder
pub(crate) fn container() -> anyhow::Result<()> {
    Ok(())
}
