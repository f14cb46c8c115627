"""Contours of a raster by GDAL, for urban_centres.py: /usr/bin/python3 gdal_contours.py raster lines.txt level ...

Prints the seconds; writes per closed ring a line with its level and its WKB.
"""
import sys
import time

from osgeo import gdal, ogr

gdal.UseExceptions()
dataset = gdal.Open(sys.argv[1])
memory = ogr.GetDriverByName("Memory").CreateDataSource("")
layer = memory.CreateLayer("contours", geom_type=ogr.wkbLineString)
layer.CreateField(ogr.FieldDefn("level", ogr.OFTReal))
start = time.perf_counter()
gdal.ContourGenerate(dataset.GetRasterBand(1), 0, 0, [float(level) for level in sys.argv[3:]], 0, 0, layer, -1, 0)
rings = []
for feature in layer:
    contour = feature.GetGeometryRef()
    if contour.IsRing() and contour.GetPointCount() > 3:
        rings.append((feature.GetField(0), contour.ExportToWkb()))
print(time.perf_counter() - start)
with open(sys.argv[2], "w") as lines:
    lines.writelines(f"{level} {ring.hex()}\n" for level, ring in rings)
