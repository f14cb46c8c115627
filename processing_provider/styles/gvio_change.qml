<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
<qgis maxScale="0" minScale="1e+08" hasScaleBasedVisibilityFlag="0" version="3.22.16-Białowieża" styleCategories="Symbology|Rendering">
 <pipe-data-defined-properties>
  <Option type="Map">
   <Option value="" type="QString" name="name"/>
   <Option name="properties"/>
   <Option value="collection" type="QString" name="type"/>
  </Option>
 </pipe-data-defined-properties>
 <pipe>
  <provider>
   <resampling maxOversampling="2" enabled="false" zoomedOutResamplingMethod="nearestNeighbour" zoomedInResamplingMethod="nearestNeighbour"/>
  </provider>
  <rasterrenderer alphaBand="-1" classificationMax="10" type="singlebandpseudocolor" classificationMin="-10" opacity="1" band="4" nodataColor="">
   <minMaxOrigin>
    <limits>None</limits>
    <extent>WholeRaster</extent>
    <statAccuracy>Estimated</statAccuracy>
    <cumulativeCutLower>0.02</cumulativeCutLower>
    <cumulativeCutUpper>0.98</cumulativeCutUpper>
    <stdDevFactor>2</stdDevFactor>
   </minMaxOrigin>
   <rastershader>
    <colorrampshader colorRampType="INTERPOLATED" classificationMode="1" clip="0" labelPrecision="6" minimumValue="-10" maximumValue="10">
     <colorramp type="gradient" name="[source]">
      <Option type="Map">
       <Option value="178,24,43,255" type="QString" name="color1"/>
       <Option value="33,102,172,255" type="QString" name="color2"/>
       <Option value="0" type="QString" name="discrete"/>
       <Option value="gradient" type="QString" name="rampType"/>
       <Option value="0.25;239,138,98,255:0.5;247,247,247,255:0.75;103,169,207,255" type="QString" name="stops"/>
      </Option>
      <prop k="color1" v="178,24,43,255"/>
      <prop k="color2" v="33,102,172,255"/>
      <prop k="discrete" v="0"/>
      <prop k="rampType" v="gradient"/>
      <prop k="stops" v="0.25;239,138,98,255:0.5;247,247,247,255:0.75;103,169,207,255"/>
     </colorramp>
     <item color="#b2182b" alpha="255" value="-10" label="-10"/>
     <item color="#ef8a62" alpha="255" value="-5" label="-5"/>
     <item color="#f7f7f7" alpha="255" value="0" label="0"/>
     <item color="#67a9cf" alpha="255" value="5" label="5"/>
     <item color="#2166ac" alpha="255" value="10" label="10"/>
     <rampLegendSettings orientation="2" useContinuousLegend="1" prefix="" suffix="" minimumLabel="" direction="0" maximumLabel="">
      <numericFormat id="basic">
       <Option type="Map">
        <Option value="" type="QChar" name="decimal_separator"/>
        <Option value="6" type="int" name="decimals"/>
        <Option value="0" type="int" name="rounding_type"/>
        <Option value="false" type="bool" name="show_plus"/>
        <Option value="true" type="bool" name="show_thousand_separator"/>
        <Option value="false" type="bool" name="show_trailing_zeros"/>
        <Option value="" type="QChar" name="thousand_separator"/>
       </Option>
      </numericFormat>
     </rampLegendSettings>
    </colorrampshader>
   </rastershader>
  </rasterrenderer>
  <brightnesscontrast gamma="1" contrast="0" brightness="0"/>
  <huesaturation grayscaleMode="0" colorizeRed="255" saturation="0" colorizeGreen="128" colorizeOn="0" colorizeBlue="128" invertColors="0" colorizeStrength="100"/>
  <rasterresampler maxOversampling="2"/>
  <resamplingStage>resamplingFilter</resamplingStage>
 </pipe>
 <blendMode>0</blendMode>
</qgis>
