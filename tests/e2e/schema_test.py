#!/usr/bin/env python3
"""packaging/schema says what the readers of packs and of the configuration know: every shipped file is valid, every
key of a schema is known to sluice at its place, and every key that sluice knows is in a schema."""
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import jsonschema

SLUICE = sys.argv.pop(1)
SOURCE = pathlib.Path(__file__).resolve().parents[2]
SCHEMAS = SOURCE / "packaging" / "schema"


def without_comments(text: str) -> str:
    """JSON with // and /* */ taken away; strings are left alone."""
    return re.sub(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', lambda match: match.group(1) or "", text, flags=re.DOTALL)


def load(path: pathlib.Path):
    return json.loads(without_comments(path.read_text()))


def uncommented(text: str) -> str:
    """The example configuration with its commented examples switched on."""
    return re.sub(r'(?m)^( *)// (?=[ ]*[\]\[{}",])', r"\1", text)


def check(folder: str, name: str, document, config=None) -> str:
    """What `sluice check` says of this document; a pack needs a configuration that names it."""
    path = pathlib.Path(folder) / name
    path.write_text(json.dumps(document))
    if config is not None:
        path = pathlib.Path(folder) / "sluice.json"
        path.write_text(json.dumps(config))
    return subprocess.run([SLUICE, "check", "--config", str(path)], capture_output=True, text=True, timeout=60,
                          check=False).stderr


def resolve(schema, node):
    while "$ref" in node:
        node = schema["$defs"][node["$ref"].rsplit("/", 1)[1]]
    return node


def places(schema, node, path=()):
    """(path of a document, its keys) for every object with fixed keys: `*` is any item or any key."""
    node = resolve(schema, node)
    for branch in [node, *node.get("anyOf", [])]:
        branch = resolve(schema, branch)
        if "properties" in branch:
            yield path, set(branch["properties"])
            for key, member in branch["properties"].items():
                yield from places(schema, member, (*path, key))
        if "items" in branch:
            yield from places(schema, branch["items"], (*path, 0))
        if isinstance(branch.get("additionalProperties"), dict):
            yield from places(schema, branch["additionalProperties"], (*path, "x"))


# Keys that an object needs, by the key it stands under; without them another error would come first.
REQUIRED = {
    "pack": {"": {"pack": "p", "rules": [{"name": "r", "match": "x", "stop": True}]}, "rules": {"name": "r", "match": "x"},
             "emit": {"metric": "m", "type": "counter"}, "x": {"type": "counter"}},
    "config": {"listen": {"syslog": "udp://127.0.0.1:0"}},
}


def document_at(path, innermost, required):
    """The smallest document with `innermost` at `path` and nothing wrong above it."""
    for depth in reversed(range(len(path))):
        owner = next((step for step in reversed(path[:depth]) if step != 0), "")
        innermost = [innermost] if path[depth] == 0 else {**required.get(owner, {}), path[depth]: innermost}
    return innermost


def misspellings(key: str):
    """Words that are nearer to `key` than to most others."""
    middle = len(key) // 2
    yield key + "q"
    yield key[:middle] + "q" + key[middle:]
    yield "q" + key


class Schemas(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pack = json.loads((SCHEMAS / "pack.schema.json").read_text())
        cls.config = json.loads((SCHEMAS / "config.schema.json").read_text())

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def test_the_schemas_are_schemas(self):
        for schema in (self.pack, self.config):
            jsonschema.Draft202012Validator.check_schema(schema)

    def test_every_shipped_pack_is_valid(self):
        packs = sorted((SOURCE / "rules").rglob("*.json"))
        self.assertGreater(len(packs), 10)
        for path in packs:
            with self.subTest(pack=path.name):
                errors = [f"{list(error.absolute_path)}: {error.message}"
                          for error in jsonschema.Draft202012Validator(self.pack).iter_errors(load(path))]
                self.assertEqual(errors, [])

    def test_the_example_configuration_is_valid_with_and_without_its_examples(self):
        text = (SOURCE / "packaging" / "sluice.json").read_text()
        full = json.loads(without_comments(uncommented(text)))
        self.assertIn("instance", full)
        self.assertEqual(len(full["listen"]), 5)
        for document in (json.loads(without_comments(text)), full, {"$schema": "x"}, {}):
            jsonschema.validate(document, self.config, jsonschema.Draft202012Validator)

    def test_the_snippets_of_the_documentation_are_valid(self):
        snippets = re.findall(r"```jsonc\n(.*?)```", (SOURCE / "docs" / "rules.md").read_text(), re.DOTALL)
        packs = [json.loads(without_comments(text)) for text in snippets if text.startswith('{\n  "pack"')]
        self.assertGreaterEqual(len(packs), 2)
        for document in packs:
            jsonschema.validate(document, self.pack, jsonschema.Draft202012Validator)

    def test_mistakes_are_found(self):
        rule = {"name": "r", "match": "x", "emit": {"metric": "m", "type": "counter"}}
        good = {"pack": "p", "rules": [rule]}
        validator = jsonschema.Draft202012Validator(self.pack)
        self.assertEqual(list(validator.iter_errors(good)), [])
        for bad in ({"pack": "p"}, {"pack": "P", "rules": [rule]}, {"pack": "p", "rules": []},
                    {**good, "rulez": []}, {"pack": "p", "rules": [{**rule, "mach": "x"}]},
                    {"pack": "p", "rules": [{**rule, "fields": "xml"}]},
                    {"pack": "p", "rules": [{**rule, "emit": {"metric": "m", "type": "meter"}}]},
                    {"pack": "p", "rules": [{**rule, "examples": [{"line": "x", "lines": "y", "gives": {}}]}]}):
            with self.subTest(bad=bad):
                self.assertNotEqual(list(validator.iter_errors(bad)), [])
        for bad in ({"listen": []}, {"listen": [{"syslog": "udp://x:1", "graphite": "udp://x:1"}]}, {"windw": "1s"},
                    {"window": "1 s"}, {"destinations": [{}]}):
            with self.subTest(bad=bad):
                self.assertNotEqual(list(jsonschema.Draft202012Validator(self.config).iter_errors(bad)), [])

    def unknown_to_sluice(self, schema, said_of):
        seen = set()
        unknown = []
        for path, keys in places(schema, schema):
            for key in sorted(keys):
                if (path, key) in seen:
                    continue
                seen.add((path, key))
                if not any(f'did you mean "{key}"?' in said_of(path, {word: None}) for word in misspellings(key)):
                    unknown.append((path, key))
        self.assertGreater(len(seen), 50)
        return unknown

    def test_sluice_knows_every_key_of_the_schema_of_the_configuration(self):
        def said_of(path, members):
            return check(self.folder, "sluice.json", document_at(path, members, REQUIRED["config"]))
        self.assertEqual(self.unknown_to_sluice(self.config, said_of), [])

    def test_sluice_knows_every_key_of_the_schema_of_packs(self):
        config = {"packs": [], "rules": [str(pathlib.Path(self.folder) / "p.json")]}
        def said_of(path, members):
            return check(self.folder, "p.json", document_at(path, members, REQUIRED["pack"]), config)
        self.assertEqual(self.unknown_to_sluice(self.pack, said_of), [])

    def test_the_schemas_have_every_key_that_sluice_knows(self):
        """Read from the readers: the first argument of each read() and require(), and lists of keys."""
        known = set()
        for path in (SOURCE / "src" / "config").glob("*.cc"):
            if path.name in ("cluster_map.cc", "json_reader.cc"):  # A file of its own; no keys.
                continue
            text = path.read_text()
            known |= set(re.findall(r'reader_?\.(?:read|require|find)\(\s*"([^"]+)"', text))
            for names in re.findall(r"k(?:PathScopes|Kinds|Keys)\{([^}]*)\}", text):
                known |= set(re.findall(r'"([a-z_]+)"', names))
        in_schemas = {key for schema in (self.pack, self.config) for _, keys in places(schema, schema) for key in keys}
        self.assertGreater(len(known), 100)
        self.assertEqual(sorted(known - in_schemas), [])
        self.assertEqual(sorted(in_schemas - known), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
