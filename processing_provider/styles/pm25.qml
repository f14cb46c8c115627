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
  <rasterrenderer alphaBand="-1" classificationMin="0" type="singlebandpseudocolor" opacity="1" band="1" nodataColor="" classificationMax="225">
   <minMaxOrigin>
    <limits>None</limits>
    <extent>WholeRaster</extent>
    <statAccuracy>Estimated</statAccuracy>
    <cumulativeCutLower>0.02</cumulativeCutLower>
    <cumulativeCutUpper>0.98</cumulativeCutUpper>
    <stdDevFactor>2</stdDevFactor>
   </minMaxOrigin>
   <rastershader>
    <colorrampshader maximumValue="225" classificationMode="1" labelPrecision="6" colorRampType="INTERPOLATED" minimumValue="0" clip="0">
     <item alpha="255" color="#f1f7f0" label="0 ug/m3" value="0"/>
     <item alpha="255" color="#b7dcb0" label="9" value="9"/>
     <item alpha="255" color="#f6d55c" label="35" value="35"/>
     <item alpha="255" color="#ed9a3a" label="55" value="55"/>
     <item alpha="255" color="#c9413b" label="125" value="125"/>
     <item alpha="255" color="#6b2150" label="225 and more" value="225"/>
     <rampLegendSettings useContinuousLegend="1" direction="0" suffix="" orientation="2" maximumLabel="" prefix="" minimumLabel="">
      <numericFormat id="basic">
       <Option type="Map">
        <Option name="decimal_separator" type="QChar" value=""/>
        <Option name="decimals" type="int" value="6"/>
        <Option name="rounding_type" type="int" value="0"/>
        <Option name="show_plus" type="bool" value="false"/>
        <Option name="show_thousand_separator" type="bool" value="true"/>
        <Option name="show_trailing_zeros" type="bool" value="false"/>
        <Option name="thousand_separator" type="QChar" value=""/>
       </Option>
      </numericFormat>
     </rampLegendSettings>
    </colorrampshader>
   </rastershader>
  </rasterrenderer>
  <brightnesscontrast gamma="1" contrast="0" brightness="0"/>
  <huesaturation colorizeStrength="100" colorizeOn="0" grayscaleMode="0" invertColors="0" colorizeRed="255" colorizeBlue="128" colorizeGreen="128" saturation="0"/>
  <rasterresampler maxOversampling="2"/>
  <resamplingStage>resamplingFilter</resamplingStage>
 </pipe>
 <blendMode>0</blendMode>
</qgis>
