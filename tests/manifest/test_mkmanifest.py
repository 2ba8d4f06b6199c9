# SPDX-License-Identifier: Apache-2.0
"""mkmanifest: what it builds is what the manifest says, and what it refuses it refuses with the place of the fault."""

import os
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOL = ROOT / "build/tools/mkmanifest"
CAPNP = "/usr/bin/capnp"
PROGRAMS = ("init", "spawner", "server", "client")
CUE = subprocess.run([ROOT / "third_party/cue/install.sh", "--where"], capture_output=True, text=True).stdout.strip()

MANIFEST = """package system

import "capos.local/defaults"

manifest: defaults.#Manifest & {
	init: caps: defaults.#InitCaps
	services: {
		server: {
			binary: "server"
			caps: echo: source: local: "endpoint"
			exports: echo: {cap: "echo", interface: "Echo"}
		}
		client: {
			binary:     "client"
			foreground: true
			caps: echo: {source: service: {service: "server", export: "echo"}, interface: "Echo"}
		}
	}
}
"""


@pytest.fixture
def build(tmp_path):
    """build(manifest text, more arguments) -> (status, what was printed, the package as text or None)."""
    shutil.copytree(ROOT / "manifests", tmp_path / "manifests")
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in PROGRAMS:
        (programs / f"{name}.elf").write_bytes(f"bytes of {name}".encode())

    def run(text=MANIFEST, *arguments, environment=()):
        (tmp_path / "manifests/proof.cue").write_text(text)
        output = tmp_path / "proof.bin"
        output.unlink(missing_ok=True)
        done = subprocess.run(
            [TOOL, "build", tmp_path / "manifests/proof.cue", "-o", output, "--binaries", programs, *arguments], cwd=ROOT,
            env={**os.environ, "CAPOS_CUE": CUE, "CAPOS_CAPNP": CAPNP, **dict(environment)},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return done.returncode, done.stdout, decode(output) if output.exists() else None

    run.folder = tmp_path
    return run


def decode(path):
    with open(path, "rb") as file:
        text = subprocess.run([CAPNP, "convert", "binary:text", ROOT / "schema/boot.capnp", "SystemManifest"],
                              stdin=file, capture_output=True, text=True, check=True).stdout
    return " ".join(text.split())


def test_the_package_holds_programs_graph_and_interface_numbers(build):
    status, printed, package = build()
    assert status == 0, printed
    for name in PROGRAMS:
        assert f'name = "{name}", data = "bytes of {name}"' in package
    assert 'service = (service = "server", export = "echo")' in package
    number = subprocess.run(["grep", "-oE", "interface Echo @0x[0-9a-f]+", ROOT / "schema/echo.capnp"],
                            capture_output=True, text=True).stdout.split("@")[1]
    assert f'interfaceId = {int(number, 16)}' in package
    assert "foreground = true" in package


def test_symbol_files_go_along_if_they_are_wanted(build):
    wanted = MANIFEST.replace("init: caps", "symbols: true\n\tinit: caps")
    status, printed, package = build(wanted)
    assert status != 0 and package is None and "there is no program at" in printed and ".sym" in printed
    for name in PROGRAMS:
        (build.folder / f"programs/{name}.sym").write_bytes(f"symbols of {name}".encode())
    status, printed, package = build(wanted)
    assert status == 0, printed
    for name in PROGRAMS:
        assert f'name = "{name}", data = "symbols of {name}"' in package
    assert "symbols of" not in build()[2]


def test_the_same_manifest_gives_the_same_bytes(build):
    build()
    first = (build.folder / "proof.bin").read_bytes()
    build()
    assert (build.folder / "proof.bin").read_bytes() == first


@pytest.mark.parametrize("old, new, words", [
    ("foreground:", "forground:", "forground"),
    ("source: local:", "sorce: local:", "sorce"),
    ('interface: "Echo"}\n\t\t}\n\t\tclient', 'interface: "Ecco"}\n\t\t}\n\t\tclient', "Ecco"),
    ('local: "endpoint"', 'local: "endpiont"', "services.server.caps.echo.source.local"),
    ('binary: "server"', 'binary: "missing"', "there is no program at"),
    ('export: "echo"', 'export: "ecco"', "initConfig.services[1].caps[0].source.service.export"),
    ('service: "server"', 'service: "client"', "initConfig.services[1].caps[0].source.service.service"),
    ("foreground: true", "foreground: false", "initConfig.onExit"),
    ("{cap: \"echo\"", "{cap: \"heap\"", "initConfig.services[0].exports[0].cap"),
    ('interface: "Echo"}\n\t\t}\n\t}', 'interface: "Timer"}\n\t\t}\n\t}',
     "initConfig.services[1].caps[0].expectedInterfaceId"),
    ("\t\tserver:", "\t\tSERVER:", "SERVER"),
    ("services: {", 'binaries: server: path: "/etc/passwd"\n\tservices: {', "it is absolute"),
    ("services: {", 'binaries: server: path: "../programs/server.elf"\n\tservices: {', "a part of it is `..`"),
    ("services: {", 'binaries: server: path: "out.elf"\n\tservices: {', "it leads out of its folder"),
])
def test_a_fault_is_refused_with_its_place_and_nothing_is_written(build, old, new, words):
    (build.folder / "programs/out.elf").symlink_to("/etc/passwd")
    text = MANIFEST.replace("\t\t\tbinary:     ", "\t\t\tbinary: ").replace("foreground:  ", "foreground: ")
    assert old in text
    status, printed, package = build(text.replace(old, new, 1))
    assert status != 0 and package is None
    assert words in printed, printed


def test_the_overlay_is_unified_and_its_mistakes_are_found(build):
    overlay = build.folder / "overlay.cue"
    overlay.write_text('package system\n\nmanifest: kernelParams: motd: "mine"\n')
    status, printed, package = build(MANIFEST, "--overlay", overlay)
    assert status == 0, printed
    assert 'motd = "mine"' in package
    for mistake, words in (('manifest: kernelParams: modt: "mine"', "modt"), ('kernelParams: motd: "mine"', "kernelParams"),
                           ('manifest: servics: {}', "servics")):
        overlay.write_text(f"package system\n\n{mistake}\n")
        status, printed, package = build(MANIFEST, "--overlay", overlay)
        assert status != 0 and package is None and words in printed, printed


def test_tags_come_from_the_command_line_and_the_environment(build):
    text = MANIFEST.replace("\tinit: caps", "\tkernelParams: motd: _motd\n\tinit: caps") + \
        '\n_motd: string @tag(motd)\n'
    for arguments, environment in ((["--tag", "motd=tagged"], {}), ([], {"CAPOS_CUE_TAGS": "motd=tagged"})):
        status, printed, package = build(text, *arguments, environment=environment.items())
        assert status == 0, printed
        assert 'motd = "tagged"' in package


@pytest.mark.parametrize("variable, value", [("CAPOS_CUE", "cue"), ("CAPOS_CUE", "/nowhere/cue"), ("CAPOS_CAPNP", "capnp")])
def test_another_tool_is_refused_by_name(build, variable, value):
    status, printed, package = build(environment={variable: value}.items())
    assert status != 0 and package is None and variable in printed


def test_any_data_is_converted_to_any_struct(build):
    data, schema, output = (build.folder / name for name in ("data.cue", "point.capnp", "point.bin"))
    data.write_text("package other\n\npoint: {x: 1 + 2, name: \"here\"}\n")
    schema.write_text("@0xf0f0f0f0f0f0f0f0;\nstruct Point { x @0 :UInt32; name @1 :Text; }\n")
    subprocess.run([TOOL, "cue-to-capnp", data, "-o", output, "--schema", schema, "--root", "Point", "--expression", "point",
                    "--no-standard-import"], env={**os.environ, "CAPOS_CUE": CUE, "CAPOS_CAPNP": CAPNP}, check=True)
    with open(output, "rb") as file:
        shown = subprocess.run([CAPNP, "convert", "binary:text", schema, "Point"], stdin=file, capture_output=True, text=True)
    assert shown.stdout.split() == '(x = 3, name = "here")'.split()


def test_what_only_measures_is_granted_where_it_is_measured():
    granting = {path.name for path in (ROOT / "manifests").rglob("*.cue") if "kernel: nullCap" in path.read_text()}
    held = {path.name for path in (ROOT / "manifests").rglob("*.cue") if "nullCap: nullCap" in path.read_text()}
    assert granting == held == {"measure.cue"}


def test_every_manifest_of_the_tree_has_the_form_that_cue_gives_it():
    done = subprocess.run([CUE, "fmt", "--check", "--files", "."], cwd=ROOT / "manifests", capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
