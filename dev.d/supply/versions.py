"""Which versions a requirement of Cargo means: `>= 1.2.3, < 2.0.0`, `^1.2`, `~1.2`, `= 1.0.0`."""

import re

COMPARATOR = re.compile(
    r"(>=|<=|>|<|=|\^|~)?\s*(\d+(?:\.\d+){0,2})(?:-([0-9A-Za-z.-]+))?(?:\+\S+)?")
RELEASE, FLOOR = (1,), (0,)


def place(numbers, pre):
    """What versions are sorted by. A release comes after its pre-releases (SemVer 2.0, 11)."""
    if pre is None:
        return numbers, RELEASE
    return numbers, FLOOR + tuple((0, int(part), "") if part.isdigit() else (1, 0, part)
                                  for part in pre.split("."))


def version(text):
    numbers, _, pre = text.split("+")[0].partition("-")
    return place([int(number) for number in numbers.split(".")], pre or None)


def holds(comparator, here):
    """Cargo's meaning of one comparator, save that a pre-release is sorted like any version.

    Where a bound names no pre-release, those of the bound itself lie outside of `< 2.0.0`
    and of `^1`: in doubt a version counts as concerned.
    """
    found = COMPARATOR.fullmatch(comparator.strip())
    if not found:
        raise ValueError(f"not a requirement of versions: {comparator!r}")
    sign, given, pre = found.groups()
    given = [int(number) for number in given.split(".")]
    padded, last = given + [0] * (3 - len(given)), len(given) - 1
    at = place(padded, pre)

    def past(index):
        """Where what agrees in all numbers up to this one has ended."""
        return padded[:index] + [padded[index] + 1] + [0] * (2 - index)

    if sign == ">=":
        return here >= at
    if sign == "<":
        return here < (at if pre else (padded, FLOOR))
    if sign == ">":
        return here > at if last == 2 else here >= (past(last), RELEASE)
    if sign == "<=":
        return here <= at if last == 2 else here < (past(last), FLOOR)
    if sign == "=" and last == 2:
        return here == at
    leading = next((index for index, number in enumerate(given) if number), last)
    index = {"=": last, "~": min(1, last)}.get(sign, leading)
    return at <= here < (past(index), FLOOR)


def fits(requirement, text):
    return all([holds(comparator, version(text)) for comparator in requirement.split(",")])
