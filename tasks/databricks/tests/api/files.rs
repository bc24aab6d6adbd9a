//! Folders, notebooks and files of a workspace.

use roundsman_databricks::api::workspace_files::{Format, Import, Language, ObjectType, TOO_LARGE};
use roundsman_http::{Class, HttpError};
use roundsman_simulators::Fault;

use crate::stage::{Stage, lab};

const NOTEBOOK: &str = "/Users/s1@example.edu/größe & co";

async fn stage() -> Stage {
    let scenario =
        lab().file(NOTEBOOK, Some("PYTHON"), "print('ä')\n").file("/Shared/table.csv", None, "a,b\n1,2\n");
    Stage::of(scenario.set(|settings| settings.export_limit_bytes = 100)).await
}

#[tokio::test]
async fn what_is_there_is_listed_and_exported() -> Result<(), HttpError> {
    let stage = stage().await;
    let files = stage.workspace.files();
    let home = files.list("/Users/s1@example.edu").await?;
    assert_eq!(
        (home.len(), home[0].path.as_str(), &home[0].object_type),
        (1, NOTEBOOK, &ObjectType::Notebook)
    );
    assert_eq!(home[0].language, Some(Language::Python));
    assert!(files.list("/Users/s2@example.edu").await?.is_empty());
    let file = files.get("/Shared/table.csv").await?;
    assert_eq!((file.object_type, file.size), (ObjectType::File, Some(8)));
    let exported = files.export(NOTEBOOK, &Format::Source).await?;
    assert!(String::from_utf8_lossy(&exported.bytes).contains("print('ä')"));
    assert_eq!(exported.file_type.as_deref(), Some("py"));
    let mut download = files.export_raw("/Shared/table.csv", &Format::Auto).await?;
    let mut bytes = Vec::new();
    while let Some(chunk) = download.chunk().await? {
        bytes.extend_from_slice(&chunk);
    }
    assert_eq!(bytes, b"a,b\n1,2\n");
    assert!(files.get("/Shared/none").await.unwrap_err().is_not_found());
    Ok(())
}

fn import<'a>(path: &'a str, bytes: &'a [u8]) -> Import<'a> {
    Import { path, format: Format::Source, language: Some(Language::Python), bytes, overwrite: false }
}

#[tokio::test]
async fn notebooks_are_imported_once_unless_they_may_be_replaced() -> Result<(), HttpError> {
    let stage = stage().await;
    let files = stage.workspace.files();
    let path = "/Shared/restored/a/first";
    files.mkdirs("/Shared/restored/a").await?;
    files.mkdirs("/Shared/restored/a").await?;
    files.import(&import(path, b"print(1)\n")).await?;
    let exists = files.import(&import(path, b"print(2)\n")).await.unwrap_err();
    assert_eq!(exists.class(), Some(Class::Exists), "{exists}");
    stage.sim.fault(Fault::on("POST */workspace/import").times(1).cut().after_effect());
    let unknown = files.import(&import("/Shared/restored/a/second", b"print(3)\n")).await.unwrap_err();
    assert!(unknown.is_ambiguous(), "{unknown}");
    stage.sim.fault(Fault::on("POST */workspace/import").times(1).cut().after_effect());
    files.import(&Import { overwrite: true, ..import(path, b"print(2)\n") }).await?;
    let saved = stage.sim.world(|world| world.file(path).unwrap());
    assert!(String::from_utf8_lossy(&saved).contains("print(2)"));
    Ok(())
}

#[tokio::test]
async fn what_is_too_large_is_told_by_its_code() {
    let stage = stage().await;
    let files = stage.workspace.files();
    let error = files.import(&import("/Shared/large", &[b'x'; 200])).await.unwrap_err();
    assert_eq!((error.class(), error.code()), (Some(Class::BadRequest), Some(TOO_LARGE)), "{error}");
}

#[tokio::test]
async fn folders_are_deleted_with_what_is_in_them_only_on_request() -> Result<(), HttpError> {
    let stage = stage().await;
    let files = stage.workspace.files();
    let full = files.delete("/Shared").await.unwrap_err();
    assert_eq!(full.class(), Some(Class::BadRequest), "{full}");
    assert!(files.delete("/Shared/table.csv").await?);
    assert!(!files.delete("/Shared/table.csv").await?);
    assert!(!files.delete_all("/Shared/none").await?);
    let home = files.delete_all("/Users/s1@example.edu").await.unwrap_err();
    assert!(!home.is_not_found(), "homes of users are protected: {home}");
    Ok(())
}
