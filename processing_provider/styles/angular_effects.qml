<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
<qgis minScale="1e+08" version="3.22.16-Białowieża" styleCategories="Symbology|Rendering" maxScale="0" hasScaleBasedVisibilityFlag="0">
 <pipe-data-defined-properties>
  <Option type="Map">
   <Option name="name" type="QString" value=""/>
   <Option name="properties"/>
   <Option name="type" type="QString" value="collection"/>
  </Option>
 </pipe-data-defined-properties>
 <pipe>
  <provider>
   <resampling zoomedOutResamplingMethod="nearestNeighbour" enabled="false" zoomedInResamplingMethod="nearestNeighbour" maxOversampling="2"/>
  </provider>
  <rasterrenderer alphaBand="-1" type="paletted" opacity="1" band="1" nodataColor="">
   <minMaxOrigin>
    <limits>None</limits>
    <extent>WholeRaster</extent>
    <statAccuracy>Estimated</statAccuracy>
    <cumulativeCutLower>0.02</cumulativeCutLower>
    <cumulativeCutUpper>0.98</cumulativeCutUpper>
    <stdDevFactor>2</stdDevFactor>
   </minMaxOrigin>
   <colorPalette>
    <paletteEntry alpha="0" color="#3c3c44" label="no effect" value="0"/>
    <paletteEntry alpha="255" color="#e24a33" label="negative: darker when oblique (high-rise)" value="1"/>
    <paletteEntry alpha="255" color="#4393c3" label="positive: brighter when oblique (low-rise)" value="2"/>
    <paletteEntry alpha="255" color="#f4c350" label="U-shaped: darkest in between (mid-rise)" value="3"/>
   </colorPalette>
  </rasterrenderer>
  <brightnesscontrast gamma="1" contrast="0" brightness="0"/>
  <huesaturation colorizeStrength="100" colorizeOn="0" grayscaleMode="0" invertColors="0" colorizeRed="255" colorizeBlue="128" colorizeGreen="128" saturation="0"/>
  <rasterresampler maxOversampling="2"/>
  <resamplingStage>resamplingFilter</resamplingStage>
 </pipe>
 <blendMode>0</blendMode>
</qgis>
