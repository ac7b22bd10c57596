"""Advisories about the crates of Cargo.lock, from the copy beside this file: no net.

    advisories.py                 judges Cargo.lock; ends with 1 when something is open
    advisories.py --renew FOLDER  makes the copy anew, from a checkout of RustSec's advisory-db

The copy holds facts alone: id, crate, date, kind, and the versions that are mended or were
never concerned. It has an end: what was published later is not in it.
"""

import json
import sys
import textwrap
import tomllib
from pathlib import Path

from versions import fits

COPY = Path(__file__).with_name("advisories.json")
HEAD = {
    "source": "RustSec advisory-db, https://github.com/rustsec/advisory-db: facts, no texts",
    "licence": "CC0-1.0; where an advisory names another, it comes from GitHub's database",
}


def concerns(advisory, text):
    return not any(fits(requirement, text)
                   for requirement in advisory["patched"] + advisory.get("unaffected", []))


def excuses(deny):
    """Ids that deny.toml excuses, in either of the forms that cargo-deny reads."""
    entries = deny.get("advisories", {}).get("ignore", [])
    ids = {one if isinstance(one, str) else one.get("id", "") for one in entries}
    return {id for id in ids if id.startswith("RUSTSEC-")}


def judge(lock, copy, excused):
    """Lines to print, and how many things stop the check."""
    lines, met, stops, warned = [], set(), 0, 0
    for package in lock["package"]:
        for advisory in copy["advisories"]:
            if advisory["crate"] != package["name"] or not concerns(advisory, package["version"]):
                continue
            met.add(advisory["id"])
            # Unsound or unmaintained is no way in: it is a reason to look for another crate,
            # which takes its time, and must not hold up every other change until then.
            if advisory["id"] in excused:
                verdict = "excused in deny.toml"
            elif advisory["kind"] != "vulnerability":
                verdict, warned = "a warning", warned + 1
            else:
                verdict, stops = "OPEN", stops + 1
            only = ", ".join(advisory.get("os", []) + advisory.get("arch", []))
            mended = " or ".join(f"`{one}`" for one in advisory["patched"]) or "no release"
            lines.append(f"{package['name']} {package['version']}: {advisory['id']}, "
                         f"{advisory['kind']}, {advisory['date']}"
                         f"{f' (on {only})' if only else ''}, mended in {mended}: {verdict}")
    for id in sorted(excused - met):
        lines.append(f"{id}: excused in deny.toml, but concerns no locked crate: OPEN")
    stops += len(excused - met)
    missed = sorted({package["name"] for package in lock["package"]} - set(copy["looked_up"]))
    lines.append(f"{len(lock['package'])} locked crates, advisories until {copy['until']}: "
                 f"{stops} open, {len(excused & met)} excused, {warned} warnings; "
                 f"{len(missed)} not looked up{': ' if missed else ''}{', '.join(missed)}")
    return lines, stops


def facts(text):
    """What is kept of an advisory's file: nothing that somebody wrote in sentences."""
    front = tomllib.loads(text.split("```toml\n", 1)[1].split("\n```", 1)[0])
    head, affected, versions = front["advisory"], front.get("affected", {}), front["versions"]
    kept = {"id": head["id"], "crate": head["package"], "date": str(head["date"]),
            "kind": head.get("informational", "vulnerability"), "patched": versions["patched"],
            "unaffected": versions.get("unaffected"), "os": affected.get("os"),
            "arch": affected.get("arch"), "licence": head.get("license"),
            "withdrawn": head.get("withdrawn")}
    return {key: value for key, value in kept.items() if value or key == "patched"}


def renew(folder, names):
    """The copy as text: an advisory a line, so that a renewal shows what has come."""
    every = [facts(file.read_text("utf-8")) for file in folder.glob("crates/*/RUSTSEC-*.md")]
    kept = [one for one in every if one["crate"] in names and "withdrawn" not in one]
    kept.sort(key=lambda one: (one["crate"], one["id"]))
    head = {**HEAD, "until": max(one["date"] for one in every)}
    rows = ",\n".join("    " + json.dumps(one) for one in kept)
    looked = textwrap.fill(json.dumps(sorted(names))[1:-1], 96, initial_indent="    ",
                           subsequent_indent="    ", break_on_hyphens=False)
    top = "".join(f"  {json.dumps(key)}: {json.dumps(value)},\n" for key, value in head.items())
    return f'{{\n{top}  "advisories": [\n{rows}\n  ],\n  "looked_up": [\n{looked}\n  ]\n}}\n'


def main():
    lock = tomllib.loads(Path("Cargo.lock").read_text("utf-8"))
    if sys.argv[1:2] == ["--renew"]:
        COPY.write_text(renew(Path(sys.argv[2]), {one["name"] for one in lock["package"]}), "utf-8")
    deny = tomllib.loads(Path("deny.toml").read_text("utf-8"))
    lines, stops = judge(lock, json.loads(COPY.read_text("utf-8")), excuses(deny))
    print("\n".join(lines))
    sys.exit(1 if stops else 0)


if __name__ == "__main__":
    main()
