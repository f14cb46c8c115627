<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
<qgis maxScale="0" version="3.22.16-Białowieża" styleCategories="Symbology|Rendering" hasScaleBasedVisibilityFlag="0" minScale="1e+08">
 <pipe-data-defined-properties>
  <Option type="Map">
   <Option type="QString" value="" name="name"/>
   <Option name="properties"/>
   <Option type="QString" value="collection" name="type"/>
  </Option>
 </pipe-data-defined-properties>
 <pipe>
  <provider>
   <resampling zoomedInResamplingMethod="nearestNeighbour" enabled="false" zoomedOutResamplingMethod="nearestNeighbour" maxOversampling="2"/>
  </provider>
  <rasterrenderer classificationMax="0.6" opacity="1" classificationMin="-0.6" type="singlebandpseudocolor" band="12" alphaBand="-1" nodataColor="">
   <minMaxOrigin>
    <limits>None</limits>
    <extent>WholeRaster</extent>
    <statAccuracy>Estimated</statAccuracy>
    <cumulativeCutLower>0.02</cumulativeCutLower>
    <cumulativeCutUpper>0.98</cumulativeCutUpper>
    <stdDevFactor>2</stdDevFactor>
   </minMaxOrigin>
   <rastershader>
    <colorrampshader labelPrecision="6" classificationMode="1" maximumValue="0.59999999999999998" minimumValue="-0.59999999999999998" colorRampType="INTERPOLATED" clip="0">
     <item alpha="255" value="-0.6" color="#b2182b" label="-60 %"/>
     <item alpha="255" value="-0.3" color="#ef8a62" label="-30 %"/>
     <item alpha="255" value="-0.1" color="#fddbc7" label="-10 %"/>
     <item alpha="255" value="0" color="#f7f7f7" label="0"/>
     <item alpha="255" value="0.1" color="#d1e5f0" label="+10 %"/>
     <item alpha="255" value="0.3" color="#67a9cf" label="+30 %"/>
     <item alpha="255" value="0.6" color="#2166ac" label="+60 % from the lowest to the highest zenith"/>
     <rampLegendSettings suffix="" prefix="" maximumLabel="" orientation="2" direction="0" useContinuousLegend="1" minimumLabel="">
      <numericFormat id="basic">
       <Option type="Map">
        <Option type="QChar" value="" name="decimal_separator"/>
        <Option type="int" value="6" name="decimals"/>
        <Option type="int" value="0" name="rounding_type"/>
        <Option type="bool" value="false" name="show_plus"/>
        <Option type="bool" value="true" name="show_thousand_separator"/>
        <Option type="bool" value="false" name="show_trailing_zeros"/>
        <Option type="QChar" value="" name="thousand_separator"/>
       </Option>
      </numericFormat>
     </rampLegendSettings>
    </colorrampshader>
   </rastershader>
  </rasterrenderer>
  <brightnesscontrast gamma="1" brightness="0" contrast="0"/>
  <huesaturation colorizeRed="255" colorizeStrength="100" saturation="0" invertColors="0" grayscaleMode="0" colorizeOn="0" colorizeGreen="128" colorizeBlue="128"/>
  <rasterresampler maxOversampling="2"/>
  <resamplingStage>resamplingFilter</resamplingStage>
 </pipe>
 <blendMode>0</blendMode>
</qgis>
