//! What else lies in the folder of a room.

use std::fs;

use uuid::Uuid;

use super::folder::{Folder, FolderError};

#[test]
fn what_others_put_beside_the_batches_stays_and_is_no_batch() {
    let out = tempfile::tempdir().unwrap();
    let batches = out.path().join("batches");
    let foreign = ["notes.txt", "Thumbs.db", &Uuid::now_v7().to_string()];
    let folders = ["old copy", "lost+found", &Uuid::now_v7().simple().to_string()];
    fs::create_dir_all(&batches).unwrap();
    for name in foreign {
        fs::write(batches.join(name), "not ours").unwrap();
    }
    for name in folders {
        fs::create_dir(batches.join(name)).unwrap();
        fs::write(batches.join(name).join("manifest.json"), "{}").unwrap();
        fs::write(batches.join(name).join(format!("{}.pdf", Uuid::now_v7())), "%PDF").unwrap();
    }
    fs::create_dir(batches.join(".draft-of-a-crash")).unwrap();
    let folder = Folder::open(out.path()).unwrap();
    assert_eq!(folder.jobs().count(), 0);
    assert!(foreign.iter().chain(&folders).all(|name| batches.join(name).try_exists().unwrap()));
    assert!(!batches.join(".draft-of-a-crash").try_exists().unwrap());
}

#[test]
fn a_batch_without_its_manifest_is_named() {
    let out = tempfile::tempdir().unwrap();
    let name = Uuid::now_v7().to_string();
    fs::create_dir_all(out.path().join("batches").join(&name)).unwrap();
    let Err(FolderError::Io(_, error)) = Folder::open(out.path()) else {
        panic!("what it printed would be printed again");
    };
    assert!(error.to_string().contains(&format!("{name}/manifest.json")), "{error}");
}
