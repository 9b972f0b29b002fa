"""Fields and verbs are described once: each member beside its structure, each verb in the file of its noun, all on the pages."""

import re

# Members that are no value of a face: a callback, and octal digits with a reader of their own.
APART = {("BrokerOptions", "log"), ("BrokerOptions", "socket_mode")}


def structures(header: str) -> dict[str, list[str]]:
    """The members of each struct, in order."""
    found = {}
    for name, body in re.findall(r"^struct (\w+) \{\n(.*?)^\};", header, re.M | re.S):
        body = re.sub(r"static constexpr [^;{]*(\{.*?\})?;|using [^;]*;|friend [^;]*;|//[^\n]*", "", body, flags=re.S)
        members = []
        for line in re.findall(r"([^;]+);", body):
            declared = re.sub(r"\{[^}]*\}|=[^,]*", "", line)  # initializers
            names = re.sub(r"^\s*[\w:]+(<.*>)?\s+", "", declared.strip())
            members += [one for one in re.findall(r"\w+", names)]
        found[name] = members
    return found


def described(header: str) -> dict[str, list[tuple[str, str]]]:
    """For each type with fields: the name of each, and the member that it is or is in."""
    found = {}
    outside = re.findall(r"inline constexpr auto fields<(\w+)> = Fields(.*?)\n\};", header, re.S)
    for name, body in outside + inside(header):
        found[name] = [(one, re.search(r"::(\w+)", get).group(1))
                       for one, get in re.findall(r'field\(\s*"(\w+)",\s*(&[\w:]+|Within\{[^}]*\})', body)]
    return found


def inside(header: str) -> list[tuple[str, str]]:
    return [(name, fields) for name, body in re.findall(r"^struct (\w+) \{\n(.*?)^\};", header, re.M | re.S)
            for fields in re.findall(r"static constexpr auto fields = Fields(.*?);\n", body, re.S)]


def undescribed(header: str) -> list[str]:
    """Members without a field, fields without a member, and members with two."""
    members, found = structures(header), []
    for name, fields in described(header).items():
        names = [one for one, _ in fields]
        used = {member for _, member in fields}
        found += [f"{name}::{one} is described twice" for one in sorted(set(names)) if names.count(one) > 1]
        found += [f"{name}::{one} has no field" for one in members[name] if one not in used and (name, one) not in APART]
        found += [f"{name}::{one} is no member" for one in sorted(used - set(members[name]))]
    return found


def verbs(header: str) -> list[str]:
    return re.findall(r'static constexpr Verb verb\{\s*\.name = "(\w+)"', header)


def table(page: str, heading: str, columns: int) -> list[list[str]]:
    """The rows of the tables below a heading that have so many cells."""
    section = re.search(rf"^## {re.escape(heading)}$(.*?)(?=^## |\Z)", page, re.M | re.S).group(1)
    rows = [[cell.strip() for cell in re.sub(r"\\\|", "/", line).strip("|").split("|")] for line in section.splitlines()
            if line.startswith("| ")]
    return [row for row in rows if len(row) == columns]


def listed_members(cell: str) -> set[str]:
    """The names in the cell of a verb: `queue, change? (of the policy)` or `` `queue`, `change`? ``."""
    return set(re.findall(r"[a-z_0-9]+", re.sub(r"\([^)]*\)", "", cell)))


def spelled_again(text: str, names: set[str]) -> list[str]:
    """Names that stand in a string of their own, as in a second list."""
    return sorted(set(re.findall(r'"(\w+)"', text)) & names)
