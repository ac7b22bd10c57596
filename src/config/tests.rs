//! Where values come from, and what is said of those that cannot be used.

use std::io::Write as _;

use super::*;

fn load(file: &str, env: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let mut path = tempfile::NamedTempFile::new().unwrap();
    path.write_all(file.as_bytes()).unwrap();
    let env = env.iter().map(|(name, value)| ((*name).into(), (*value).into()));
    Config::load(Some(path.path()), env)
}

#[test]
fn the_pinned_defaults_stand() {
    let config = Config::load(None, std::iter::empty()).unwrap();
    assert_eq!(config.ledger.url.as_str(), "sqlite://data/facteur.db");
    assert_eq!(config.queue.url.as_str(), "embedded://data/queue.db");
    assert_eq!(config.documents.url.as_str(), "file://data/documents");
    assert_eq!(config.search.path, Path::new("data/search"));
    assert_eq!(config.web.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.metrics.listen.to_string(), "127.0.0.1:9464");
    assert_eq!(config.policy.path, Path::new(DEFAULT_POLICY_PATH));
    assert_eq!(config.registry.closed, Closed::Refuse);
    assert!(!config.registry.complete);
}

#[test]
fn every_key_of_the_default_has_a_comment() {
    let mut previous = "";
    for line in DEFAULT.lines() {
        if line.contains(" = ") && !line.starts_with('#') {
            assert!(previous.starts_with('#'), "{line}");
        }
        previous = line;
    }
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_default() {
    let file = "[web]\nlisten = \"0.0.0.0:80\"\n[intake]\nworkers = 6\n";
    let env = [
        ("FACTEUR__INTAKE__WORKERS", "8"),
        ("FACTEUR__REGISTRY__COMPLETE", "true"),
        ("FACTEUR_OTHER", "not ours"),
    ];
    let config = load(file, &env).unwrap();
    assert_eq!(config.web.listen.to_string(), "0.0.0.0:80");
    assert_eq!(config.intake.workers, 8);
    assert_eq!(config.intake.batch_count_max, 1_500);
    assert!(config.registry.complete);
}

#[test]
fn nobody_signs_in_without_a_key_for_personal_numbers() {
    let keys = |more: &str| {
        let issuer = "[sign_in]\nissuer = \"https://id.example\"\nclient_id = \"facteur\"\n";
        load(&format!("{issuer}{more}"), &[])
    };
    assert!(keys("person_key = \"a secret\"").is_ok());
    for claim in ["", "person_claim = \"egovNRN\""] {
        let refused = keys(claim).unwrap_err().to_string();
        assert!(refused.contains("sign_in.person_key"), "{refused}");
    }
    assert!(load("[sign_in]\nperson_claim = \"egovNRN\"", &[]).is_ok(), "nobody signs in");
}

#[test]
fn proxies_are_addresses() {
    let load = |proxies: &str| load(&format!("[web]\nproxies = \"{proxies}\""), &[]);
    assert!(load("10.0.0.1 ::1").is_ok());
    assert!(load("10.0.0.1, ::1").unwrap_err().to_string().contains("web.proxies"));
    assert!(load("proxy.example").is_err());
}

#[test]
fn faults_name_their_key_and_never_repeat_a_value() {
    let secret = "postgres://u:s3cret@h/d";
    let wrong_kind = format!("[ledger]\nconnections = \"{secret}\"");
    let unclosed = format!("[ledger]\n\nurl = \"{secret}");
    let unknown_section = format!("[leger]\nurl = \"{secret}\"");
    for (file, env, said) in [
        ("[ledger]\nurll = 1", ("", ""), "ledger.urll"),
        (&*unknown_section, ("", ""), "unknown key leger"),
        ("ledger = 3", ("", ""), "ledger must be a section"),
        (&*wrong_kind, ("", ""), "ledger.connections must be an integer"),
        (&*unclosed, ("", ""), "line 3"),
        ("", ("FACTEUR__LEDGER__URLL", secret), "ledger.urll"),
        ("", ("FACTEUR__URL", secret), "unknown key url"),
        ("", ("FACTEUR__INTAKE__WORKERS", secret), "intake.workers must be an integer"),
        ("[ledger]\nconnections = -1", ("", ""), "ledger.connections"),
        ("[registry]\nclosed = \"maybe\"", ("", ""), "registry.closed"),
        ("[web]\nlisten = \"here\"", ("", ""), "web.listen"),
        ("[intake]\nbatch_count_max = 0", ("", ""), "intake.batch_count_max"),
        ("[intake]\nbatch_count_max = 10001", ("", ""), "intake.batch_count_max"),
        ("[intake]\ninline_bytes_max = 98304", ("", ""), "intake.inline_bytes_max"),
        ("[intake]\nmemory_bytes_max = 1000", ("", ""), "intake.memory_bytes_max"),
        ("[queue]\nurl = \"kafka://x\"", ("", ""), "queue.url"),
        ("[log]\nfilter = \"facteur=loud\"", ("", ""), "log.filter"),
    ] {
        let error = load(file, &[env]).unwrap_err().to_string();
        assert!(error.contains(said), "{file} {env:?}: {error}");
        assert!(!error.contains("s3cret"), "{error}");
    }
}

#[test]
fn a_secret_may_come_from_a_file() {
    let mut secret = tempfile::NamedTempFile::new().unwrap();
    writeln!(secret, "postgres://facteur:s3cret@db/facteur").unwrap();
    let path = secret.path().to_str().unwrap();
    let config = load("", &[("FACTEUR__LEDGER__URL_FILE", path)]).unwrap();
    assert_eq!(config.ledger.url.as_str(), "postgres://facteur:s3cret@db/facteur");
    let twice = [("FACTEUR__LEDGER__URL_FILE", path), ("FACTEUR__LEDGER__URL", "sqlite://x")];
    assert!(matches!(load("", &twice), Err(ConfigError::Twice { .. })));
    let missing = [("FACTEUR__LEDGER__URL_FILE", "/does/not/exist")];
    assert!(matches!(load("", &missing), Err(ConfigError::File { .. })));
}

#[test]
fn no_way_of_printing_shows_a_password() {
    for (url, shown) in [
        (
            "postgres://u:s3cret@h:5432/d?sslmode=require",
            "postgres://u:***@h:5432/d?sslmode=require",
        ),
        ("postgres://u:s3c@ret@h/d", "postgres://u:***@h/d"),
        ("postgres://h/d?user=u&password=s3cret", "postgres://h/d?user=***&password=***"),
        ("postgres://u:s3/cret@h/d", "postgres://***"),
        ("amqp://u:s3cret", "amqp://***"),
        ("u:s3cret@h", "***"),
        ("amqp://h/%2f?heartbeat=10", "amqp://h/%2f?heartbeat=10"),
        ("sqlite://data/facteur.db", "sqlite://data/facteur.db"),
    ] {
        let url = ServiceUrl::from(url.to_owned());
        assert_eq!(url.to_string(), shown);
        assert_eq!(format!("{url:?}"), shown);
    }
    let env = [("FACTEUR__QUEUE__URL", "amqp://guest:s3cret@broker/")];
    let config = load("", &env).unwrap();
    assert!(config.to_toml().unwrap().contains("url = \"amqp://guest:***@broker/\""));
    assert!(!format!("{config:?}").contains("s3cret"));
}

#[test]
fn what_is_printed_can_be_loaded_where_it_holds_no_secret() {
    let config = Config::load(None, std::iter::empty()).unwrap();
    assert_eq!(load(&config.to_toml().unwrap(), &[]).unwrap(), config);
}

#[test]
fn the_memory_budget_bounds_the_prefetch_of_all_lanes() {
    let intake = Config::load(None, std::iter::empty()).unwrap().intake;
    for (lanes, prefetch) in [(0, 1_000), (1, 1_000), (10, 426), (100, 42), (4_266, 1), (9_999, 1)]
    {
        assert_eq!(intake.prefetch(lanes), prefetch, "{lanes}");
    }
    for lanes in 1..=intake.lanes_max() {
        let held = usize::from(intake.prefetch(lanes)) * lanes * intake.body_bytes_max;
        assert!(held <= intake.memory_bytes_max, "{lanes}");
    }
}

#[test]
fn the_compiled_in_policy_stands_in_for_a_missing_default_only() {
    let mut config = Config::load(None, std::iter::empty()).unwrap();
    crate::decide::Policy::parse(&config.policy_text().unwrap()).unwrap();
    config.policy.path = "does/not/exist.toml".into();
    assert!(matches!(config.policy_text(), Err(ConfigError::File { .. })));
}
