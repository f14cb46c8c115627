"""Which device DEVICE means, and batches that shrink to the device's memory."""
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nocturne.algorithms import devices
from nocturne.algorithms.devices import Batches, Device, DeviceMemoryError, may_take_gpu, pick_device
from nocturne.algorithms.errors import InputError
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.settings import Resources
from nocturne.tests.conftest import ROOT
from nocturne.tests.heard import Heard

GPUS = [Device("cuda:0", "Small, 4 GiB"), Device("cuda:1", "Large, 80 GiB"), Device("mps", "Apple GPU")]


@pytest.fixture
def gpus(monkeypatch):
    """Three GPUs, of which those in the dictionary that is returned are broken."""
    broken = {}
    monkeypatch.setattr(devices, "may_take_gpu", lambda wanted: wanted != "cpu")
    monkeypatch.setattr(devices, "available_devices", lambda: [*GPUS, Device("cpu", "2 threads")])
    monkeypatch.setattr(devices, "_failure", lambda name, double: broken.get(
        name, "it has no double precision" if double and name == "mps" else ""))
    return broken


def test_auto_takes_the_first_gpu_that_works_and_says_which_and_why(gpus):
    heard = Heard()
    assert pick_device("auto", heard) == "cuda:0"
    assert heard.messages == ["Computing on cuda:0 (Small, 4 GiB), the first GPU that works."]
    gpus["cuda:0"] = "no kernel image"
    assert pick_device("auto", heard) == "cuda:1"


def test_auto_falls_back_to_the_cpu_and_says_why(gpus):
    gpus.update({"cuda:0": "no kernel image", "cuda:1": "no memory"})
    heard = Heard()
    assert pick_device("auto", heard, double=True) == "cpu"
    assert heard.messages == ["Computing on the CPU, because no GPU works (cuda:0: no kernel image; cuda:1: no memory; "
                           "mps: it has no double precision)."]
    assert pick_device("auto", heard) == "mps"


@pytest.mark.parametrize(("wanted", "expected"), [("cuda", "cuda:0"), ("cuda:1", "cuda:1"), ("mps", "mps"),
                                                  ("cpu", "cpu")])
def test_what_is_asked_for_is_taken(gpus, wanted, expected):
    assert pick_device(wanted, Progress()) == expected


@pytest.mark.parametrize(("wanted", "double", "reason"), [
    ("cuda:7", False, "none was found"), ("cuda:1", False, "cuda:1: no memory"), ("mps", True, "double precision")])
def test_a_gpu_that_does_not_work_is_an_error_where_it_was_asked_for(gpus, wanted, double, reason):
    gpus["cuda:1"] = "no memory"
    with pytest.raises(InputError, match=rf"^DEVICE: '{wanted}' can't be used \(.*{reason}\); choose auto or cpu\.$"):
        pick_device(wanted, Progress(), double)


def test_a_broken_torch_leaves_auto_on_the_cpu(gpus, monkeypatch):
    def broken():
        raise OSError("libtorch.so: cannot open")

    monkeypatch.setattr(devices, "available_devices", broken)
    heard = Heard()
    assert pick_device("auto", heard) == "cpu"
    assert "libtorch" in heard.messages[0]


def test_the_cpu_computes_a_sum_and_an_unknown_device_says_why_not():
    assert devices._failure("cpu", True) == devices._failure("cpu", False) == ""
    assert devices._failure("cuda:99", False)


@pytest.mark.parametrize(("system", "files", "expected"), [
    ("linux", {"/dev/nvidiactl"}, True), ("linux", {"/dev/kfd"}, True), ("linux", set(), False)])
def test_a_gpu_is_expected_where_a_driver_left_its_files(monkeypatch, system, files, expected):
    monkeypatch.setattr(devices.sys, "platform", system)
    monkeypatch.setattr(devices.os.path, "exists", files.__contains__)
    assert may_take_gpu("auto") == expected
    assert may_take_gpu("cuda")
    assert not may_take_gpu("cpu")


def test_torch_is_not_imported_where_no_gpu_is_expected():
    script = ("import sys; sys.path.insert(0, '.dev')\n"
              "from nocturne.algorithms import devices\n"
              "from nocturne.algorithms.progress import Progress\n"
              "devices.LINUX_GPUS = ()\n"
              "sys.platform = 'linux'\n"
              "assert devices.pick_device('auto', Progress()) == 'cpu'\n"
              "assert 'torch' not in sys.modules\n")
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("given", ["gpu", "", "cuda:", "cuda:x", "CPU", "cuda:1 "])
def test_other_words_are_refused(given):
    with pytest.raises(InputError, match=r"^DEVICE: '.*' was given; give auto, cpu, mps, cuda or cuda:N\.$"):
        Resources(device=given)


# Batches

@settings(max_examples=60, deadline=None)
@given(length=st.integers(0, 200), fits=st.integers(1, 250))
def test_batches_cover_a_length_in_order_whatever_fits(length, fits):
    failed = []

    def function(part):
        if len(part) > fits:
            failed.append(len(part))
            raise RuntimeError("MPS backend out of memory (allocated 9 GiB)")
        return list(part)

    batches = Batches()
    assert [each for part in batches.run(function, length) for each in part] == list(range(length))
    assert failed == sorted(failed, reverse=True)
    before = len(failed)
    list(batches.run(function, length))
    assert len(failed) == before  # what didn't fit once isn't tried again


def test_a_single_item_that_does_not_fit_is_an_error_of_its_own():
    def full(part):
        raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB\nmore")

    with pytest.raises(DeviceMemoryError, match=r"^CUDA out of memory\. Tried to allocate 2 GiB$"):
        list(Batches().run(full, 9))


def test_other_errors_pass():
    def broken(part):
        raise RuntimeError("shapes differ")

    with pytest.raises(RuntimeError, match="shapes differ"):
        list(Batches().run(broken, 9))
