"""The explorer's dock and where it is opened from, under pytest-qgis; the real desktop is tried by hand."""
from __future__ import annotations

import json
import time
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from nocturne.algorithms.night_lights.angular_effects import classify_stacks
from nocturne.algorithms.night_lights.settings import AngularEffectsSettings
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.provenance import describe_run
from nocturne.algorithms.rasters import Grid, RasterInput, RasterWriter
from nocturne.algorithms.settings import Resources
from rasterio.crs import CRS
from rasterio.windows import Window

SIDE, NIGHTS = 6, 40
GRID = Grid(CRS.from_epsg(4326), Affine(0.01, 0, 10, 0, -0.01, 50), SIDE, SIDE)


@pytest.fixture(scope="module")
def classes(tmp_path_factory):
    """A class raster with its stacks and provenance: rows fall, rise or stay with the zenith."""
    folder = tmp_path_factory.mktemp("explorer")
    numbers = np.random.default_rng(1)
    zenith = numbers.uniform(0, 70, (NIGHTS, SIDE, SIDE))
    slopes = np.array([-0.6, 0.6, 0, -0.3, 0.3, -0.1])[:, np.newaxis]
    radiance = 60 + slopes * zenith + numbers.normal(0, 4, zenith.shape)
    radiance[:6, 0, 0] = np.nan
    days = [(date(2021, 1, 1) + timedelta(night)).isoformat() for night in range(NIGHTS)]
    paths = {name: str(folder / f"{name.lower()}.tif") for name in ("RADIANCE", "ZENITH")}
    for path, values in zip(paths.values(), (radiance, zenith)):
        with RasterWriter("STACK", path, GRID, days, "float32", np.nan) as writer:
            writer.write(values.astype(np.float32), Window(0, 0, SIDE, SIDE))
    classes = folder / "classes.tif"
    chosen = AngularEffectsSettings(min_observations=20)
    classify_stacks(*(RasterInput(name, path) for name, path in paths.items()), str(classes), None, chosen,
                    Resources(threads=1), Progress())
    document = describe_run("nocturne:angulareffects", {"MIN_OBSERVATIONS": 20, "CLASSES": str(classes)}, paths, {})
    Path(f"{classes}.nocturne.json").write_text(json.dumps(document), "utf-8")
    return classes


@pytest.fixture
def layer(classes, qgis_new_project):
    from qgis.core import QgsProject, QgsRasterLayer

    layer = QgsRasterLayer(str(classes), "classes")
    QgsProject.instance().addMapLayer(layer)
    return layer


@pytest.fixture
def canvas(qgis_app, qgis_parent, layer):
    from qgis.gui import QgsMapCanvas

    canvas = QgsMapCanvas(qgis_parent)
    canvas.setDestinationCrs(layer.crs())
    yield canvas
    canvas.deleteLater()


@pytest.fixture
def dock(canvas):
    from nocturne.ui.explorer_dock import ExplorerDock

    dock = ExplorerDock(canvas)
    yield dock
    dock.remove()


def wait(dock, done, seconds=20):
    from qgis.PyQt.QtWidgets import QApplication

    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, sentence(dock)
        QApplication.processEvents()
        time.sleep(0.005)


def sentence(dock):
    from qgis.PyQt.QtWidgets import QLabel

    return " ".join(label.text() for label in dock.widget().findChildren(QLabel) if label.wordWrap())


def words(dock):
    from qgis.PyQt.QtWidgets import QTextBrowser

    return dock.findChild(QTextBrowser).toPlainText()


def action(dock, name):
    from qgis.PyQt.QtWidgets import QToolBar

    return next(each for bar in dock.findChildren(QToolBar) for each in bar.actions() if each.text() == name)


def open_for(dock, layer):
    dock.open_for(layer)
    wait(dock, lambda: sentence(dock) == "Click a pixel on the map.")


def click(canvas, row, column):
    """In the middle of a cell, whatever the canvas's CRS is."""
    from qgis.core import QgsCoordinateReferenceSystem, QgsCoordinateTransform, QgsPointXY, QgsProject
    from qgis.PyQt.QtCore import Qt

    to_canvas = QgsCoordinateTransform(QgsCoordinateReferenceSystem("EPSG:4326"),
                                       canvas.mapSettings().destinationCrs(), QgsProject.instance())
    point = to_canvas.transform(QgsPointXY(10 + 0.01 * (column + 0.5), 50 - 0.01 * (row + 0.5)))
    canvas.mapTool().canvasClicked.emit(point, Qt.MouseButton.LeftButton)


def cells(dock):
    return [(pixel.cell.row, pixel.cell.column) for pixel in dock.pixels]


def marks(canvas):
    from qgis.gui import QgsRubberBand

    return [item for item in canvas.scene().items() if isinstance(item, QgsRubberBand)]


def test_a_click_shows_the_pixel_its_words_and_its_mark(dock, canvas, layer):
    open_for(dock, layer)
    click(canvas, 3, 2)
    wait(dock, lambda: cells(dock) == [(3, 2)])
    assert words(dock).startswith("■ Negative: darker when seen obliquely (class 1). row 4, column 3")
    assert len(marks(canvas)) == 1
    box = marks(canvas)[0].asGeometry().boundingBox()
    assert (box.xMinimum(), box.yMaximum()) == pytest.approx((10.02, 49.97))


def test_another_crs_of_the_canvas_finds_the_same_pixel(dock, canvas, layer):
    from qgis.core import QgsCoordinateReferenceSystem

    open_for(dock, layer)
    canvas.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
    click(canvas, 4, 1)
    wait(dock, lambda: cells(dock) == [(4, 1)])
    assert marks(canvas)[0].asGeometry().boundingBox().xMinimum() == pytest.approx(10.01 * 111319.49079, rel=1e-9)


def test_up_to_five_pixels_compare_and_the_oldest_gives_way(dock, canvas, layer):
    open_for(dock, layer)
    action(dock, "Compare").setChecked(True)
    for count, row in enumerate(range(5), start=1):
        click(canvas, row, 0)
        wait(dock, lambda: len(dock.pixels) == count)  # noqa: B023  called before count changes
    click(canvas, 5, 5)
    wait(dock, lambda: (5, 5) in cells(dock))
    assert cells(dock) == [(5, 5), (1, 0), (2, 0), (3, 0), (4, 0)]
    assert len(marks(canvas)) == 5
    action(dock, "Compare").setChecked(False)
    click(canvas, 2, 2)
    wait(dock, lambda: cells(dock) == [(2, 2)])
    action(dock, "Clear").trigger()
    assert (cells(dock), words(dock), marks(canvas)) == ([], "", [])


def test_only_the_last_of_quick_clicks_is_answered(dock, canvas, layer):
    open_for(dock, layer)
    for column in range(SIDE):
        click(canvas, 1, column)
    wait(dock, lambda: dock.pixels)
    assert cells(dock) == [(1, SIDE - 1)]


def test_the_map_isnt_blocked_while_a_pixel_is_read(dock, canvas, layer, monkeypatch):
    from nocturne.algorithms.night_lights import pixel_nights

    read, threads = pixel_nights.read_pixel, []

    def slow(*arguments):
        import threading

        threads.append(threading.current_thread())
        time.sleep(0.3)
        return read(*arguments)

    monkeypatch.setattr(pixel_nights, "read_pixel", slow)
    open_for(dock, layer)
    start = time.monotonic()
    click(canvas, 0, 1)
    assert time.monotonic() - start < 0.2
    wait(dock, lambda: cells(dock) == [(0, 1)])
    import threading

    assert threads[0] is not threading.main_thread()


def test_the_table_and_the_picture_are_copied(dock, canvas, layer):
    from qgis.PyQt.QtWidgets import QApplication

    open_for(dock, layer)
    assert not action(dock, "Copy table").isEnabled()
    click(canvas, 0, 0)
    wait(dock, lambda: dock.pixels)
    action(dock, "Copy table").trigger()
    rows = [line.split("\t") for line in QApplication.clipboard().text().splitlines()]
    assert rows[0] == ["pixel", "row", "column", "date", "radiance", "zenith", "factor", "night"]
    assert len(rows) == NIGHTS + 1
    assert [row[-1] for row in rows[1:7]] == ["no value"] * 6
    assert {len(row) for row in rows} == {8}
    action(dock, "Copy picture").trigger()
    picture = QApplication.clipboard().pixmap().toImage()
    assert picture.width() > 500
    colours = {picture.pixel(x, y) for x in range(0, picture.width(), 3) for y in range(0, picture.height(), 3)}
    assert len(colours) > 10
    before = picture.copy()
    action(dock, "Relative").trigger()
    action(dock, "Copy picture").trigger()
    assert QApplication.clipboard().pixmap().toImage() != before


def test_a_raster_without_provenance_is_refused_in_one_sentence(dock, canvas, layer, tmp_path):
    import shutil

    from qgis.core import QgsProject, QgsRasterLayer

    bare = tmp_path / "bare.tif"
    shutil.copy(layer.source(), bare)
    other = QgsRasterLayer(str(bare), "bare")
    QgsProject.instance().addMapLayer(other)
    dock.open_for(other)
    wait(dock, lambda: sentence(dock).startswith("CLASSES: 'bare.tif' has no provenance file"))
    assert sentence(dock).count(". ") == 0


def test_a_click_outside_is_answered_by_a_sentence(dock, canvas, layer):
    open_for(dock, layer)
    click(canvas, -5, 0)
    wait(dock, lambda: "outside the class raster" in sentence(dock))
    assert dock.pixels == []


def test_the_projects_first_class_raster_is_taken_where_none_is_named(dock, canvas, layer):
    dock.open_for(None)
    wait(dock, lambda: sentence(dock) == "Click a pixel on the map.")
    click(canvas, 1, 1)
    wait(dock, lambda: cells(dock) == [(1, 1)])


def test_removing_the_layer_forgets_its_pixels(dock, canvas, layer):
    from qgis.core import QgsProject

    open_for(dock, layer)
    click(canvas, 1, 1)
    wait(dock, lambda: dock.pixels)
    QgsProject.instance().removeMapLayer(layer.id())
    wait(dock, lambda: not dock.pixels)
    assert sentence(dock) == "Choose a class raster that 'Angular effects' has written."
    assert marks(canvas) == []


def test_closing_gives_the_map_back(dock, canvas, layer):
    open_for(dock, layer)
    click(canvas, 1, 1)
    wait(dock, lambda: dock.pixels)
    dock.show()
    dock.close()
    assert canvas.mapTool() is None
    assert marks(canvas) == []


class Interface:
    """What the plugin asks of QGIS's interface, remembered."""

    def __init__(self, window, canvas):
        self._window, self._canvas = window, canvas
        self.menu, self.bar, self.context, self.docks, self.messages, self.active = [], [], [], [], [], None

    def mainWindow(self):  # noqa: N802
        return self._window

    def mapCanvas(self):  # noqa: N802
        return self._canvas

    def activeLayer(self):  # noqa: N802
        return self.active

    def messageBar(self):  # noqa: N802
        return self

    def pushMessage(self, title, text, level):  # noqa: N802
        self.messages.append((title, text))

    def addPluginToMenu(self, menu, added):  # noqa: N802
        self.menu.append((menu, added))

    def removePluginMenu(self, menu, added):  # noqa: N802
        self.menu.remove((menu, added))

    def addToolBarIcon(self, added):  # noqa: N802
        self.bar.append(added)

    def removeToolBarIcon(self, added):  # noqa: N802
        self.bar.remove(added)

    def addCustomActionForLayerType(self, added, menu, kind, every):  # noqa: N802
        self.context.append((added, kind, every))

    def removeCustomActionForLayerType(self, removed):  # noqa: N802
        self.context = [each for each in self.context if each[0] is not removed]

    def addDockWidget(self, area, dock):  # noqa: N802
        self.docks.append(dock)

    def removeDockWidget(self, dock):  # noqa: N802
        self.docks.remove(dock)


@pytest.fixture
def interface(canvas):
    from qgis.PyQt.QtWidgets import QMainWindow

    return Interface(QMainWindow(), canvas)


@pytest.fixture
def actions(interface):
    from nocturne.ui.explorer_actions import ExplorerActions

    return ExplorerActions(interface)


def test_it_opens_from_the_menu_the_tool_bar_and_a_rasters_layer_and_leaves_nothing(actions, interface, layer):
    from qgis.core import QgsMapLayerType

    (menu, opening), = interface.menu
    (of_layer, kind, every), = interface.context
    assert menu == "Nocturne"
    assert interface.bar == [opening]
    assert not opening.icon().isNull()
    assert (kind, every) == (QgsMapLayerType.RasterLayer, True)
    interface.active = layer
    of_layer.trigger()
    dock, = interface.docks
    wait(dock, lambda: sentence(dock) == "Click a pixel on the map.")
    opening.trigger()
    assert interface.docks == [dock]
    wait(dock, lambda: sentence(dock) == "Click a pixel on the map.")
    actions.remove()
    assert (interface.menu, interface.bar, interface.context, interface.docks) == ([], [], [], [])
    assert interface.mapCanvas().mapTool() is None


def test_a_missing_library_is_said_in_the_message_bar(actions, interface, monkeypatch):
    from nocturne.ui import explorer_actions

    def load(*names):
        raise explorer_actions.MissingLibrary(f"This needs {', '.join(names)}.")

    monkeypatch.setattr(explorer_actions, "load", load)
    actions.open_for(None)
    assert interface.messages == [("Angular-effect explorer", "This needs rasterio, matplotlib.")]
    assert interface.docks == []
    actions.remove()
