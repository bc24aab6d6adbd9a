//! Secrets never come out: not in listings, not in errors, not in `Debug`.

use proptest::prelude::*;
use roundsman_config::{Environment, StoreUrl, resolve};

use crate::scene::Scene;

/// Texts that could be passwords: long enough not to turn up by chance, without the quotes that TOML would need escaped.
fn password() -> impl Strategy<Value = String> {
    "[A-Za-z0-9!#%&*()+,.;<>^_~|-]{8,24}"
        .prop_filter("words of the messages themselves", |word| !word.contains("password"))
}

/// Everything that loading a configuration says or returns, as text.
fn everything(scene: &Scene) -> String {
    match scene.load() {
        Ok(loaded) => format!("{loaded:?} {:#?} {}", loaded.settings, crate::scene::shown(scene, &loaded)),
        Err(problems) => format!("{problems} {problems:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn of_the_store(secret in password()) {
        for address in [
            format!("postgres://ada:{secret}@db.example.com/rounds"),
            format!("postgresql://db.example.com/rounds?user=ada&password={secret}"),
            format!("postgres:/ada:{secret}@db.example.com/rounds"),
            format!("mysql://ada:{secret}@db.example.com/rounds"),
        ] {
            let escaped = address.replace('#', "%23");
            let secret = secret.replace('#', "%23");
            let in_file = Scene::new().file("roundsman.toml", &format!("[daemon]\nlisten = 1\nstore = \"{escaped}\" # mine\n"));
            prop_assert!(!everything(&in_file).contains(&secret), "{}", everything(&in_file));
            let alone = Scene::new().file("roundsman.toml", &format!("daemon.store = \"{escaped}\"\n"));
            prop_assert!(!everything(&alone).contains(&secret), "{}", everything(&alone));
            let of_environment = Scene::new().file("roundsman.toml", "").variable("ROUNDSMAN_STORE", &escaped);
            prop_assert!(!everything(&of_environment).contains(&secret), "{}", everything(&of_environment));
            let referred = Scene::new().file("roundsman.toml", "daemon.store = \"${DB}\"\n").variable("DB", &escaped);
            prop_assert!(!everything(&referred).contains(&secret), "{}", everything(&referred));
            if let Ok(url) = StoreUrl::parse(&escaped) {
                let shown = format!("{url} {url:?}");
                prop_assert!(!shown.contains(&secret), "{}", shown);
            }
        }
    }

    #[test]
    fn of_a_kind_written_in_the_open(secret in password()) {
        let netbox = |token: &str| format!("netbox = {{ url = \"https://example.com\", {token} }}");
        for line in [
            netbox(&format!("token = \"{secret}\"")),
            netbox(&format!("token = [\"{secret}\"]")),
            netbox(&format!("token = {{ value = \"{secret}\" }}")),
            netbox(&format!("tokn = \"{secret}\"")),
            netbox(&format!("token = \"${{UNSET:-{secret}}}\"")),
            netbox(&format!("colour = 1, token = \"{secret}\"")),
            format!("netbox = \"{secret}\""),
            format!("login = {{ by = \"password\", user = \"ada\", password = \"{secret}\" }}"),
            format!("login = {{ by = \"pasword\", user = \"ada\", password = \"{secret}\" }}"),
            format!("login = {{ by = \"key\", password = \"{secret}\" }}"),
            format!("api = {{ user = \"ada\", secret = \"{secret}\" }}"),
            format!("netbox.token = \"\"\"\n{secret}\n\"\"\""),
            format!("netbox.token = \"{secret}"),
        ] {
            let scene = Scene::new().file("roundsman.toml", &format!("[tasks.a]\nuses = \"inventory\"\n[tasks.a.with]\n{line}\n"));
            prop_assert!(scene.load().is_err());
            prop_assert!(!everything(&scene).contains(&secret), "{line}: {}", everything(&scene));
            let shared = format!("[tasks.a]\nuses = \"inventory\"\nshare = [\"s\"]\n[shared.s]\n{line}\n");
            let scene = Scene::new().file("roundsman.toml", &shared);
            prop_assert!(!everything(&scene).contains(&secret), "{line}: {}", everything(&scene));
        }
    }

    #[test]
    fn of_a_kind_by_reference(secret in password()) {
        let text = "[tasks.a]\nuses = \"inventory\"\n[tasks.a.with]\npage = 7\nnetbox = { url = \"${URL}\", token = \"${TOKEN}\" }\nlogin = { by = \"key\", key = \"${file:/cfg/key}\" }\n";
        let scene = Scene::new().file("key", &secret);
        let text = text.replace("/cfg", &scene.folder.path().display().to_string());
        let scene = scene.file("roundsman.toml", &text).variable("TOKEN", &secret).variable("URL", &format!("https://ada:{secret}@example.com"));
        let loaded = scene.load().unwrap();
        prop_assert!(!everything(&scene).contains(&secret));
        prop_assert!(everything(&scene).contains("${TOKEN}"), "references are shown as written");
        // At dispatch it is there: that is what it is for.
        let resolved = resolve(&loaded.tasks[0].with, &serde_json::Value::Null, &scene.env).unwrap().with;
        prop_assert_eq!(resolved["netbox"]["token"].as_str(), Some(secret.as_str()));
        let environment = format!("{:?}", scene.env);
        prop_assert!(!environment.contains(&secret));
        // And a problem beside it does not bring it out either.
        let broken = Scene { folder: scene.folder, env: scene.env }.file("roundsman.toml", &text.replace("page = 7", "page = 0"));
        prop_assert!(broken.load().is_err());
        prop_assert!(!everything(&broken).contains(&secret));
    }

    /// A kind's own check may quote the value it was given.
    #[test]
    fn of_messages_that_kinds_write(secret in password()) {
        let text = "[tasks.a]\nuses = \"dns-availability\"\nwith.rise = 1\nwith.label = \"${LABEL}\"\n";
        let scene = Scene::new().file("roundsman.toml", text).variable("LABEL", &secret);
        let said = everything(&scene);
        prop_assert!(said.contains("is no label"), "{}", said);
        prop_assert!(!said.contains(&secret), "{}", said);
    }

    #[test]
    fn of_the_environment(secret in password()) {
        let env = Environment::with([("PASSWORD", secret.as_str())]);
        let shown = format!("{env:?}");
        prop_assert!(!shown.contains(&secret));
    }
}

#[test]
fn a_password_in_the_middle_of_an_address_of_a_task_is_masked() {
    let text = "[tasks.a]\nuses = \"command\"\nwith.argv = [\"curl\", \"https://ada:hunter2@example.com/?password=hunter3\"]\nwith.env = { API_TOKEN = \"hunter4\" }\n";
    let scene = Scene::new().file("roundsman.toml", text);
    let shown = crate::scene::shown(&scene, &scene.load().unwrap());
    assert!(!shown.contains("hunter"), "{shown}");
    assert!(shown.contains("https://ada:********@example.com/?password=********"), "{shown}");
}
