//! What must hold for every vendor: the folder is complete and the capability is consistent.

use std::path::PathBuf;

use reelq_model::TaskId;
use reelq_provider::{
    Idempotency, PROVIDERS, ProviderSettings, SettingsError, dialects, field_names, image_fields, open,
};

use crate::support::{fixtures, settings, vendor};

#[test]
fn every_vendor_folder_is_complete() {
    for name in PROVIDERS {
        let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "src", name].iter().collect();
        for file in ["mod.rs", "adapter.rs", "request.rs", "reply.rs", "wire.rs", "models.toml", "README.md"] {
            assert!(folder.join(file).is_file(), "{name} has no {file}");
        }
        let names: Vec<String> = fixtures(name).into_iter().map(|(name, _)| name).collect();
        for ending in [".request.json", ".200.json", ".400.json", ".401.json", ".402.json", ".429.json", ".500.json"] {
            assert!(names.iter().any(|file| file.ends_with(ending)), "{name} has no fixture {ending}");
        }
        for verb in ["submit-", "poll-", "balance-"] {
            assert!(names.iter().any(|file| file.starts_with(verb)), "{name} has no fixture {verb}");
        }
    }
}

#[test]
fn every_folder_of_fixtures_is_a_registered_vendor() {
    let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "src"].iter().collect();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.join("fixtures").is_dir() {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            assert!(PROVIDERS.contains(&name.as_str()), "{name} is not in PROVIDERS");
        }
    }
}

#[test]
fn capabilities_agree_with_what_the_adapters_build() {
    let task = TaskId::new("t").unwrap();
    for name in PROVIDERS {
        let provider = vendor(name);
        let capability = provider.capability();
        assert_eq!(provider.name().as_str(), *name);
        assert_eq!(capability.cancel, provider.cancel(&task).is_some(), "{name}");
        assert_eq!(capability.balance, provider.balance().is_some(), "{name}");
        assert_eq!(capability.price_known, provider.catalogue().knows_prices(), "{name}");
        assert!(capability.first_poll >= capability.poll_interval, "{name}");
        if let Idempotency::Replay { window } = capability.idempotency {
            assert!(window.as_secs() >= 3_600, "{name}");
        }
    }
}

#[test]
fn capabilities_are_as_documented() {
    let shown: Vec<String> = PROVIDERS.iter().map(|name| format!("{name} {:#?}", vendor(name).capability())).collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn settings_that_name_nothing_known_are_refused() {
    let unknown = open(&settings("runway")).unwrap_err();
    assert_eq!(unknown.to_string(), "provider `runway` is not one of wave, apixo, poyo");
    let with = |name: &str, dialect: &str| {
        open(&ProviderSettings { dialect: Some(dialect.to_owned()), ..settings(name) })
            .map(|_| ())
            .map_err(|error| error.to_string())
    };
    assert_eq!(with("wave", "2027"), Err("dialect `2027` is not one of wave's: 2026-04, 2026-06".to_owned()));
    assert!(with("poyo", "2026-06").unwrap_err().ends_with("it has only one, leave `dialect` out"));
    for dialect in dialects("wave") {
        assert_eq!(with("wave", dialect), Ok(()));
    }
    let broken = reelq_provider::Overlay { path: "mine.toml".to_owned(), text: "[models".to_owned() };
    let refused = open(&ProviderSettings { catalogue: Some(broken), ..settings("poyo") });
    assert!(matches!(refused, Err(SettingsError::Catalogue(_))));
}

#[test]
fn vocabularies_hold_plain_and_nested_names() {
    let names = field_names();
    for name in
        ["prompt", "extra", "extra.prompt_optimizer", "start_image_url", "input.duration", "camera_movement_tags"]
    {
        assert!(names.iter().any(|known| known == name), "{name}");
    }
    let images = image_fields();
    for name in ["image_urls", "last_frame", "first_frame", "start_image_url", "input.image_urls"] {
        assert!(images.iter().any(|known| known == name), "{name}");
    }
    assert!(!images.iter().any(|name| name == "prompt"));
}
