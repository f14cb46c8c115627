"""What the libraries are and do, in whatever process this runs; as a script it prints it as JSON."""
from __future__ import annotations

import json

import h5py
import numpy as np
import rasterio
import rasterio.warp
import shapely
from affine import Affine


def of_libraries():
    square = shapely.box(0, 0, 1, 1)
    source = np.arange(400, dtype="float64").reshape(20, 20)
    target = np.zeros((20, 20))
    rasterio.warp.reproject(
        source, target, src_transform=Affine(0.01, 0, 121, 0, -0.01, 31), src_crs="EPSG:4326",
        dst_transform=Affine(1000, 0, 310_000, 0, -1000, 3_430_000), dst_crs="EPSG:32651", resampling=1)
    return {
        "gdal": rasterio.__gdal_version__,
        "geos": shapely.geos_version_string,
        "hdf5": list(h5py.h5.get_libversion()),
        "wkb": shapely.to_wkb(square, hex=True),
        "whole_coverage": bool(shapely.coverage_is_valid([square, shapely.box(1, 0, 2, 1)])),
        "torn_coverage": bool(shapely.coverage_is_valid([square, shapely.box(0.9, 0, 2, 1)])),
        "reprojected": repr(float(target.sum())),
    }


if __name__ == "__main__":
    print(json.dumps(of_libraries()))
