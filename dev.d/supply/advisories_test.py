"""What advisories.py makes of versions, advisories and excuses."""

import tempfile
import unittest
from pathlib import Path

import advisories
from versions import fits

FITS = [
    # Bounds.
    (">= 1.2.3", "1.2.3", True),
    (">= 1.2.3", "1.10.0", True),
    (">= 1.2.3", "1.2.2", False),
    (">=1.2", "1.2.0", True),
    (">= 2", "1.99.99", False),
    ("> 1.2.3", "1.2.3", False),
    ("> 1.2.3", "1.2.4", True),
    ("> 1.2", "1.2.9", False),
    ("> 1.2", "1.3.0", True),
    ("< 1.2.3", "1.2.2", True),
    ("< 1.2.3", "1.2.3", False),
    ("< 0.12", "0.11.9", True),
    ("< 0.12", "0.12.0", False),
    ("<= 1.2.3", "1.2.3", True),
    ("<= 1.2.3", "1.2.4", False),
    ("<= 1.2", "1.2.9", True),
    ("<= 1.2", "1.3.0", False),
    ("= 1.0.0", "1.0.0", True),
    ("=1.0.0", "1.0.1", False),
    ("= 1.0", "1.0.7", True),
    ("= 1.0", "1.1.0", False),
    # All of one requirement, in either order.
    (">= 1.2.3, < 2.0.0", "1.9.0", True),
    (">= 1.2.3, < 2.0.0", "2.0.0", False),
    ("< 0.10.0, >= 0.9.18", "0.9.18", True),
    ("< 0.10.0, >= 0.9.18", "0.9.17", False),
    (">= 0.9.7, <0.10.0", "0.10.3", False),
    # Caret, which is also meant where there is no sign.
    ("^1.2.3", "1.9.0", True),
    ("^1.2.3", "1.2.2", False),
    ("^1.2.3", "2.0.0", False),
    ("^0.3.24", "0.3.26", True),
    ("^ 0.3.24", "0.4.0", False),
    ("^0.0.3", "0.0.3", True),
    ("^0.0.3", "0.0.4", False),
    ("^0.0", "0.0.9", True),
    ("^0.0", "0.1.0", False),
    ("^0", "0.9.0", True),
    ("^0", "1.0.0", False),
    ("^1", "1.9.9", True),
    ("0.13.10", "0.13.11", True),
    ("0.13.10", "0.14.0", False),
    # Tilde.
    ("~1.2.3", "1.2.9", True),
    ("~1.2.3", "1.3.0", False),
    ("~1.2", "1.2.0", True),
    ("~1.2", "1.3.0", False),
    ("~1", "1.9.0", True),
    ("~1", "2.0.0", False),
    ("~0.2.3", "0.3.0", False),
    # Pre-releases come before their release, and are sorted among themselves.
    (">= 1.2.3", "1.2.3-rc.1", False),
    (">= 1.2.3", "1.3.0-rc.1", True),
    (">= 0.3.0-rc.2", "0.3.0-rc.2", True),
    (">= 0.3.0-rc.2", "0.3.0-rc.1", False),
    (">= 0.3.0-rc.2", "0.3.0-rc.10", True),
    (">= 0.3.0-rc.2", "0.3.0", True),
    (">= 0.10.0-alpha.4", "0.10.0-beta.1", True),
    (">= 1.0.0-alpha", "1.0.0-alpha.1", True),
    (">= 1.0.0-alpha.beta", "1.0.0-alpha.1", False),
    ("= 1.0.0", "1.0.0-rc.1", False),
    # A bound without one leaves those of the bound outside.
    ("< 2.0.0", "2.0.0-rc.1", False),
    (">= 1.2.3, < 2.0.0", "2.0.0-rc.1", False),
    ("^1.2.3", "2.0.0-rc.1", False),
    ("~1.2", "1.3.0-rc.1", False),
    ("<= 1.2", "1.3.0-rc.1", False),
    ("<= 1.2.3", "1.2.3-rc.1", True),
    (">= 0.4.8, < 1.0.0-0", "0.9.0", True),
    (">= 0.4.8, < 1.0.0-0", "1.0.0-rc.1", False),
    ("< 0.25.0-alpha.3", "0.25.0-alpha.2", True),
    ("< 0.25.0-alpha.3", "0.25.0-alpha.3", False),
    # Build metadata counts for nothing.
    (">= 1.2.3", "1.2.3+spec-1.1.0", True),
    ("= 1.2.3+a", "1.2.3+b", True),
]


def lock(**versions):
    return {"package": [{"name": name, "version": version} for name, version in versions.items()]}


def copy(*entries, looked_up=("apple", "pear")):
    return {"until": "2026-01-02", "advisories": entries, "looked_up": looked_up}


def advisory(kind="vulnerability", id="RUSTSEC-2026-0001", **more):
    return {"id": id, "crate": "apple", "date": "2026-01-01", "kind": kind,
            "patched": ["^1.0.5", ">= 1.2.0"], **more}


class Judgement(unittest.TestCase):
    def test_versions(self):
        for requirement, version, expected in FITS:
            with self.subTest(requirement=requirement, version=version):
                self.assertEqual(fits(requirement, version), expected)

    def test_what_cannot_be_read_is_not_passed_over(self):
        for requirement in ["1.*", "", ">= 1.2.3,", "!= 1.0", ">= x"]:
            with self.assertRaises(ValueError, msg=requirement):
                fits(requirement, "1.0.0")

    def stops(self, locked, entries, excused=()):
        lines, stops = advisories.judge(locked, copy(*entries), set(excused))
        return stops, "\n".join(lines)

    def test_a_vulnerability_is_open_until_it_is_mended(self):
        self.assertEqual(self.stops(lock(apple="1.0.4"), [advisory()])[0], 1)
        self.assertEqual(self.stops(lock(apple="1.0.5"), [advisory()])[0], 0)
        self.assertEqual(self.stops(lock(pear="1.0.4"), [advisory()])[0], 0)
        never = advisory(unaffected=["< 1.0.0"])
        self.assertEqual(self.stops(lock(apple="0.9.0"), [never])[0], 0)

    def test_every_locked_version_is_judged(self):
        both = {"package": lock(apple="1.2.0")["package"] + lock(apple="0.1.0")["package"]}
        self.assertEqual(self.stops(both, [advisory()])[0], 1)

    def test_what_is_excused_does_not_stop(self):
        stops, said = self.stops(lock(apple="1.0.4"), [advisory()], ["RUSTSEC-2026-0001"])
        self.assertEqual((stops, "excused in deny.toml" in said), (0, True))

    def test_an_excuse_that_excuses_nothing_stops(self):
        excuse = ["RUSTSEC-2026-0001"]
        self.assertEqual(self.stops(lock(apple="1.2.0"), [advisory()], excuse)[0], 1)
        self.assertEqual(self.stops(lock(apple="1.2.0"), [], excuse)[0], 1)

    def test_unsound_and_unmaintained_only_warn(self):
        stops, said = self.stops(lock(apple="1.0.4"), [
            advisory("unsound", "RUSTSEC-2026-0002"), advisory("unmaintained")])
        self.assertEqual((stops, "2 warnings" in said), (0, True))

    def test_says_its_date_and_what_was_not_looked_up(self):
        said = self.stops(lock(apple="1.2.0", quince="1.0.0"), [])[1]
        self.assertIn("until 2026-01-02", said)
        self.assertIn("1 not looked up: quince", said)

    def test_the_copy_can_be_read_to_its_end(self):
        kept = advisories.json.loads(advisories.COPY.read_text("utf-8"))
        order = [(one["crate"], one["id"]) for one in kept["advisories"]]
        self.assertEqual(order, sorted(set(order)))
        self.assertLessEqual({crate for crate, _ in order}, set(kept["looked_up"]))
        for one in kept["advisories"]:
            self.assertIn(one["kind"], ["vulnerability", "unsound", "unmaintained", "notice"])
            for requirement in one["patched"] + one.get("unaffected", []):
                fits(requirement, "1.0.0")

    def test_excuses_in_both_forms(self):
        ignore = ["RUSTSEC-2026-0001", {"id": "RUSTSEC-2026-0002", "reason": "…"},
                  "quince@1.0.0", {"crate": "quince"}]
        self.assertEqual(advisories.excuses({"advisories": {"ignore": ignore}}),
                         {"RUSTSEC-2026-0001", "RUSTSEC-2026-0002"})
        self.assertEqual(advisories.excuses({}), set())

    def test_a_renewal_takes_facts_of_locked_crates(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, id, more in [("apple", 1, ""), ("apple", 2, 'withdrawn = "2026-02-02"'),
                                   ("quince", 3, "")]:
                file = Path(folder, "crates", name, f"RUSTSEC-2026-000{id}.md")
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(f"""```toml
[advisory]
id = "RUSTSEC-2026-000{id}"
package = "{name}"
date = "2026-01-0{id}"
{more}
[versions]
patched = []
[affected]
os = ["windows"]
```

# A title
""", "utf-8")
            made = advisories.json.loads(advisories.renew(Path(folder), {"pear", "apple"}))
        self.assertEqual(made["advisories"], [{
            "id": "RUSTSEC-2026-0001", "crate": "apple", "date": "2026-01-01",
            "kind": "vulnerability", "patched": [], "os": ["windows"]}])
        self.assertEqual((made["until"], made["looked_up"]), ("2026-01-03", ["apple", "pear"]))


if __name__ == "__main__":
    unittest.main()
