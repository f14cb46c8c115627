"""Small Black Marble files of every product for tests: 2400 x 2400 cells, of which only patches are written."""
from __future__ import annotations

import os
from datetime import date

import h5py
import numpy as np

SIDE = 2400
CONFIDENT_CLEAR = 0b11 << 4
A1_FILL, FLOAT_FILL = -32768, np.float32(-999.9)
DNB = "nWatts/(cm^2 sr) \n"


def layers_of(product, collection):
    """name: (dtype, fill, scale, offset attribute, offset, units) of the data sets that tests need."""
    radiance = (*(("u2", 65535, 0.1) if collection == 1 else ("f4", FLOAT_FILL, 1.0)), "offset", 0.0, DNB)
    bits = ("u2", 65535, 1.0, "offset", 0.0, "Unitless")
    code = ("u1", 255, 1.0, "offset", 0.0, "Unitless")
    if product.endswith("A1"):
        name = "DNB_At_Sensor_Radiance_500m" if collection == 1 else "DNB_At_Sensor_Radiance"
        offset = "add_offset" if collection == 1 else "offset"
        return {name: (*radiance[:3], offset, 0.0, DNB), "Sensor_Zenith": ("i2", A1_FILL, 0.01, offset, 0.0, "degree"),
                "BrightnessTemperature_M12": ("u2", 65535, 0.0025, offset, 203.0, "K"), "QF_Cloud_Mask": bits}
    if product.endswith("A2"):
        return {"DNB_BRDF-Corrected_NTL": radiance, "Gap_Filled_DNB_BRDF-Corrected_NTL": radiance,
                "Mandatory_Quality_Flag": code, "QF_Cloud_Mask": bits, "Snow_Flag": code}
    layers = {"Land_Water_Mask": code, "DNB_Platform": code}
    for angle in ("AllAngle", "NearNadir"):
        base = f"{angle}_Composite_Snow_Free"
        layers.update({base: radiance, f"{base}_Std": radiance, f"{base}_Quality": code,
                       f"{base}_Num": ("u2", 65535, 1.0, "offset", 0.0, "number of observations")})
    return layers


def write_granule(folder, product="VNP46A2", collection=1, tile=(10, 5), day=date(2018, 8, 13), values=None, *,
                  name=None, produced="2020-12-08 13:16:44.000", omit=(), arrays=True, variable_strings=False,
                  axes=None, struct=True, struct_tile=None, bounds_tile=None, numbers=True, bounds=True, group=None,
                  storage=None, short_name=None, version=None):
    """Writes a file and returns its path.

    values: name -> stored value for every cell, or (background, row, column, patch of stored values).
    """
    values = values or {}
    kind = "VNP_Grid_DNB" if collection == 1 and product[-2:] in ("A1", "A2") else "VIIRS_Grid_DNB_2d"
    group = group or kind
    stamp = "".join(each for each in produced if each.isdigit())[:4] + "001120000" if produced else "2020001120000"
    granule = f"{product}.A{day:%Y%j}.h{tile[0]:02d}v{tile[1]:02d}.{collection:03d}.{stamp}.h5"
    path = os.path.join(folder, name or granule)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    string = str if variable_strings else np.bytes_
    number = (lambda value: np.array([value], "f4")) if arrays else np.float32
    with h5py.File(path, "w") as file:
        attributes = {
            "ShortName": string(short_name or product), "VersionID": string(version or f"{collection:03d}"),
            "LocalGranuleID": string(granule), "ProductionTime": string(produced),
            "RangeBeginningDate": string(day.isoformat())}
        if numbers:
            attributes["HorizontalTileNumber"] = string(f"{tile[0]:02d}")
            attributes["VerticalTileNumber"] = string(f"{tile[1]:02d}")
        grid = file.create_group(f"HDFEOS/GRIDS/{group}")
        if bounds:
            at = bounds_tile or tile
            # collection 1 keeps them on the grid, collection 2 at the root
            (grid if collection == 1 else file).attrs.update(
                WestBoundingCoord=number(-180 + 10 * at[0]), NorthBoundingCoord=number(90 - 10 * at[1]),
                EastBoundingCoord=number(-170 + 10 * at[0]), SouthBoundingCoord=number(80 - 10 * at[1]))
        for key, value in attributes.items():
            if key not in omit:
                file.attrs[key] = value
        if struct:
            at = struct_tile or tile
            text = ("GROUP=GridStructure\n\tGROUP=GRID_1\n\t\tXDim=2400\n\t\tYDim=2400\n\t\tUpperLeftPointMtrs=("
                    f"{(-180 + 10 * at[0]) * 1e6:.6f},{(90 - 10 * at[1]) * 1e6:.6f})\n\t\tProjection=HE5_GCTP_GEO\n")
            file.create_dataset("HDFEOS INFORMATION/StructMetadata.0", data=np.array(text.encode(), "S32000"))
        data = grid.create_group("Data Fields")
        for layer, (dtype, fill, scale, offset_name, offset, units) in layers_of(product, collection).items():
            if layer not in omit:
                written = values.get(layer, fill)
                background = written[0] if isinstance(written, tuple) else written
                layout = {"chunks": (100, SIDE), "compression": "gzip", **(storage or {})}
                dataset = data.create_dataset(layer, (SIDE, SIDE), dtype, fillvalue=np.dtype(dtype).type(background),
                                              **layout)
                if isinstance(written, tuple):
                    _, row, column, patch = written
                    dataset[row:row + patch.shape[0], column:column + patch.shape[1]] = patch
                shape = (lambda value: np.array([value])) if arrays else (lambda value: value)
                dataset.attrs["_FillValue"] = shape(np.dtype(dtype).type(fill))
                dataset.attrs["scale_factor"] = shape(np.float64(scale))
                dataset.attrs[offset_name] = shape(np.float64(offset))
                dataset.attrs["units"] = string(units)
                dataset.attrs["valid_range"] = string(">= 0.0 \n")
        if axes:
            shift = {"edges": 0.0, "centres": 0.5}.get(axes, 0.5) / 240
            data["lon"] = -180 + 10 * tile[0] + np.arange(SIDE) / 240 + shift
            latitudes = 90 - 10 * tile[1] - np.arange(SIDE) / 240 - shift
            data["lat"] = latitudes[::-1] if axes == "ascending" else latitudes
            if axes == "elsewhere":
                data["lat"][...] = latitudes + 10
    return path


def good_night(stored, row=0, column=0, *, quality=0, cloud=CONFIDENT_CLEAR, snow=0):
    """Values of an A2 file that is fill but for one patch of stored radiance under good flags."""
    stored = np.asarray(stored)
    return {"DNB_BRDF-Corrected_NTL": (65535 if stored.dtype.kind == "u" else FLOAT_FILL, row, column, stored),
            "Mandatory_Quality_Flag": quality, "QF_Cloud_Mask": cloud, "Snow_Flag": snow}
