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
  <rasterrenderer alphaBand="-1" classificationMax="1000000" type="singlebandpseudocolor" classificationMin="0" opacity="1" band="1" nodataColor="">
   <minMaxOrigin>
    <limits>CumulativeCut</limits>
    <extent>UpdatedCanvas</extent>
    <statAccuracy>Estimated</statAccuracy>
    <cumulativeCutLower>0.02</cumulativeCutLower>
    <cumulativeCutUpper>0.98</cumulativeCutUpper>
    <stdDevFactor>2</stdDevFactor>
   </minMaxOrigin>
   <rastershader>
    <colorrampshader colorRampType="INTERPOLATED" classificationMode="1" clip="0" labelPrecision="6" minimumValue="0" maximumValue="1000000">
     <colorramp type="gradient" name="[source]">
      <Option type="Map">
       <Option value="11,13,23,255" type="QString" name="color1"/>
       <Option value="255,243,201,255" type="QString" name="color2"/>
       <Option value="0" type="QString" name="discrete"/>
       <Option value="gradient" type="QString" name="rampType"/>
       <Option value="0.2;34,40,74,255:0.4;91,74,125,255:0.6;176,112,95,255:0.8;232,180,90,255" type="QString" name="stops"/>
      </Option>
      <prop k="color1" v="11,13,23,255"/>
      <prop k="color2" v="255,243,201,255"/>
      <prop k="discrete" v="0"/>
      <prop k="rampType" v="gradient"/>
      <prop k="stops" v="0.2;34,40,74,255:0.4;91,74,125,255:0.6;176,112,95,255:0.8;232,180,90,255"/>
     </colorramp>
     <item color="#0b0d17" alpha="255" value="0" label="0"/>
     <item color="#22284a" alpha="255" value="200000" label="200000"/>
     <item color="#5b4a7d" alpha="255" value="400000" label="400000"/>
     <item color="#b0705f" alpha="255" value="600000" label="600000"/>
     <item color="#e8b45a" alpha="255" value="800000" label="800000"/>
     <item color="#fff3c9" alpha="255" value="1000000" label="1e+06"/>
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
