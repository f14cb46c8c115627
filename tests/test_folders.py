"""Staging folders of living and of killed processes, and the files below a folder."""
import os
import signal
import subprocess
import sys

import pytest
from nocturne.algorithms.folders import OWNER, StagingFolder, files_below, remove_abandoned
from nocturne.tests.conftest import ROOT

HOLD = """
import sys, time
sys.path.insert(0, ".dev")
from pathlib import Path
from nocturne.algorithms.folders import StagingFolder
folder = StagingFolder(Path(sys.argv[1]))
(folder.path / "half.tif").write_text("half")
print(folder.path, flush=True)
time.sleep(60)
"""


@pytest.fixture
def other(tmp_path):
    """A process that holds a staging folder in tmp_path, and that folder."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    yield process, tmp_path / os.path.basename(process.stdout.readline().strip())
    process.kill()
    process.wait()


def test_a_living_process_keeps_its_folder_and_a_killed_one_loses_it(other, tmp_path):
    process, folder = other
    remove_abandoned(tmp_path)
    assert (folder / "half.tif").exists()
    process.send_signal(signal.SIGKILL)
    process.wait()
    mine = StagingFolder(tmp_path)
    assert not folder.exists()
    assert mine.path.is_dir()
    mine.remove()
    assert list(tmp_path.iterdir()) == []


def test_folders_of_the_same_process_do_not_take_each_other_away(tmp_path):
    first, second = StagingFolder(tmp_path), StagingFolder(tmp_path)
    (first.path / "b.tif").write_text("b")
    (first.path / "a.tif").write_text("a")
    assert [path.name for path in first.files()] == ["a.tif", "b.tif"]
    remove_abandoned(tmp_path)
    assert first.path.is_dir()
    assert second.path.is_dir()


@pytest.mark.parametrize("owner", [None, "", "another-computer\n"], ids=["no owner", "not locked yet", "elsewhere"])
def test_what_may_belong_to_somebody_stays(tmp_path, owner):
    folder = tmp_path / ".nocturne-strange"
    folder.mkdir()
    if owner is not None:
        (folder / OWNER).write_text(owner)
    remove_abandoned(tmp_path)
    assert folder.is_dir()


def test_links_are_never_followed_by_the_clean_up(tmp_path):
    elsewhere, here = tmp_path / "elsewhere", tmp_path / "here"
    elsewhere.mkdir()
    here.mkdir()
    folder = StagingFolder(elsewhere)
    folder._owner.close()
    (here / ".nocturne-link").symlink_to(folder.path)
    remove_abandoned(here)
    assert folder.path.is_dir()


def test_a_folder_that_is_not_there_is_no_failure(tmp_path):
    remove_abandoned(tmp_path / "missing")


def test_files_below_links_are_found_once_and_loops_end(tmp_path):
    data, far = tmp_path / "data", tmp_path / "far"
    (data / "2021").mkdir(parents=True)
    far.mkdir()
    (data / "2021" / "a.h5").touch()
    (far / "b.h5").touch()
    (far / "back").symlink_to(data)
    (data / "link").symlink_to(far)
    (data / "again").symlink_to(far)
    (data / "loop").symlink_to(data)
    (data / "broken.h5").symlink_to(tmp_path / "nowhere")
    found = [path.relative_to(data).as_posix() for path in files_below(data)]
    assert found == ["2021/a.h5", "again/b.h5"]
