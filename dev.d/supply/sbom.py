"""What the program is made of: a CycloneDX bill of materials, and whether it may be.

Reads `cargo metadata` on standard input; writes the bill to the file named as the
first argument, valid by CycloneDX's own JSON schema. Ends with 1 when a licence, a
source or a crate is not allowed by deny.toml. Build-time crates are in it, crates
that only tests use are not.
"""

import json
import sys
import tomllib

from cyclonedx.model import ExternalReference, ExternalReferenceType, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from cyclonedx.contrib.license.factories import LicenseFactory
from license_expression import get_spdx_licensing
from packageurl import PackageURL

SPDX = get_spdx_licensing()


# What is compiled in and is no crate, by its name on npm: see `vendor/README.md`
# and `src/web/assets/`.
VENDORED = [("htmx.org", "2.0.10", "0BSD"), ("pdfjs-dist", "6.5.438", "Apache-2.0")]


def shipped(metadata):
    """Ids of packages that get into the program, the program first."""
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    root = metadata["resolve"]["root"]
    found, waiting = {}, [root]
    while waiting:
        package = waiting.pop()
        if package in found:
            continue
        kept = [d["pkg"] for d in nodes[package]["deps"]
                if any(kind["kind"] != "dev" for kind in d["dep_kinds"])]
        found[package] = kept
        waiting.extend(kept)
    return root, found


def expression(package):
    """The SPDX expression; cargo's old `A/B` means `A OR B`."""
    return (package["license"] or "").replace("/", " OR ")


def component(package, kind):
    made = Component(
        name=package["name"], version=package["version"], type=kind, bom_ref=package["id"],
        purl=PackageURL("cargo", name=package["name"], version=package["version"]),
        licenses=[LicenseFactory().make_from_string(expression(package))],
    )
    if package["repository"]:
        made.external_references.add(
            ExternalReference(type=ExternalReferenceType.VCS, url=XsUri(package["repository"])))
    return made


def vendored():
    for name, version, licence in VENDORED:
        yield Component(
            name=name, version=version, type=ComponentType.LIBRARY, bom_ref=f"npm/{name}",
            purl=PackageURL("npm", name=name, version=version),
            licenses=[LicenseFactory().make_from_string(licence)],
        )


def bill(metadata):
    packages = {package["id"]: package for package in metadata["packages"]}
    root, found = shipped(metadata)
    bom = Bom()
    made = {id: component(packages[id], ComponentType.LIBRARY) for id in found if id != root}
    made[root] = component(packages[root], ComponentType.APPLICATION)
    bom.metadata.component = made[root]
    for id, needs in found.items():
        if id != root:
            bom.components.add(made[id])
        bom.register_dependency(made[id], [made[need] for need in needs])
    for part in vendored():
        bom.components.add(part)
        bom.register_dependency(made[root], [part])
    return bom, [packages[id] for id in found]


def is_allowed(text, allowed):
    """Whether one may choose licences of the list, all that must be chosen."""
    def holds(node):
        if isinstance(node, SPDX.OR):
            return any(holds(part) for part in node.args)
        if isinstance(node, SPDX.AND):
            return all(holds(part) for part in node.args)
        return str(node) in allowed
    return bool(text) and holds(SPDX.parse(text))


def faults(packages, deny):
    allowed = set(deny["licenses"]["allow"])
    banned = {entry["crate"]: entry["reason"] for entry in deny["bans"]["deny"]}
    for package in packages:
        name = f"{package['name']} {package['version']}"
        if not is_allowed(expression(package), allowed):
            yield f"{name}: licence {package['license']!r} is not allowed"
        if package["name"] in banned:
            yield f"{name}: {banned[package['name']]}"
        source = package["source"]
        if source and "crates.io-index" not in source:
            yield f"{name}: comes from {source}"


def main():
    metadata = json.load(sys.stdin)
    bom, packages = bill(metadata)
    text = JsonV1Dot6(bom).output_as_string(indent=2)
    wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if wrong:
        sys.exit(f"the bill of materials does not fit its schema: {wrong}")
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        file.write(text + "\n")
    with open("deny.toml", "rb") as file:
        found = sorted(faults(packages, tomllib.load(file)))
    print(f"{len(packages)} crates in {sys.argv[1]}, {len(found)} not allowed")
    for fault in found:
        print(fault)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
