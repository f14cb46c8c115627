<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
<qgis version="3.22.16-Białowieża" styleCategories="Symbology|Temporal">
 <temporal mode="2" startField="start" startExpression="" durationUnit="min" accumulate="0" limitMode="1" endField="end" fixedDuration="0" durationField="" endExpression="" enabled="1"/>
 <renderer-v2 enableorderby="0" attr="event" forceraster="0" symbollevels="0" type="categorizedSymbol" referencescale="-1">
  <categories>
   <category render="true" symbol="0" value="first" label="first" />
   <category render="true" symbol="1" value="same" label="same" />
   <category render="true" symbol="2" value="born" label="born" />
   <category render="true" symbol="3" value="grown" label="grown" />
   <category render="true" symbol="4" value="shrunk" label="shrunk" />
   <category render="true" symbol="5" value="moved" label="moved" />
   <category render="true" symbol="6" value="split" label="split" />
   <category render="true" symbol="7" value="merged" label="merged" />
   <category render="true" symbol="8" value="gone" label="gone" />
   <category render="true" symbol="9" value="uncertain" label="uncertain" />
  </categories>
  <symbols>
   <symbol clip_to_extent="1" name="0" alpha="1" type="fill" force_rhr="0">
    <layer pass="0" enabled="1" locked="0" class="SimpleFill">
     <Option type="Map">
      <Option name="color" value="120,120,120,40" type="QString" />
      <Option name="joinstyle" value="bevel" type="QString" />
      <Option name="offset" value="0,0" type="QString" />
      <Option name="offset_unit" value="MM" type="QString" />
      <Option name="outline_color" value="120,120,120,255" type="QString" />
      <Option name="outline_style" value="solid" type="QString" />
      <Option name="outline_width" value="0.6" type="QString" />
      <Option name="outline_width_unit" value="MM" type="QString" />
      <Option name="style" value="solid" type="QString" />
     </Option>
    </layer>
   </symbol>
   <symbol clip_to_extent="1" name="1" alpha="1" type="fill" force_rhr="0">
    <layer pass="0" enabled="1" locked="0" class="SimpleFill">
     <Option type="Map">
      <Option name="color" value="120,120,120,40" type="QString" />
      <Option name="joinstyle" value="bevel" type="QString" />
      <Option name="offset" value="0,0" type="QString" />
      <Option name="offset_unit" value="MM" type="QString" />
      <Option name="outline_color" value="120,120,120,255" type="QString" />
      <Option name="outline_style" value="solid" type="QString" />
      <Option name="outline_width" value="0.6" type="QString" />
      <Option name="outline_width_unit" value="MM" type="QString" />
      <Option name="style" value="solid" type="QString" />
     </Option>
    </layer>
   </symbol>
   <symbol clip_to_extent="1" name="2" alpha="1" type="fill" force_rhr="0">
    <layer pass="0" enabled="1" locked="0" class="SimpleFill">
     <Option type="Map">
      <Option name="color" value="26,152,80,40" type="QString" />
      <Option name="joinstyle" value="bevel" type="QString" />
      <Option name="offset" value="0,0" type="QString" />
      <Option name="offset_unit" value="MM" type="QString" />
      <Option name="outline_color" value="26,152,80,255" type="QString" />
      <Option name="outline_style" value="solid" type="QString" />
      <Option name="outline_width" value="0.6" type="QString" />
      <Option name="outline_width_unit" value="MM" type="QString" />
      <Option name="style" value="solid" type="QString" />
     </Option>
    </layer>
   </symbol>
   <symbol clip_to_extent="1" name="3" alpha="1" type="fill" force_rhr="0">
    <layer pass="0" enabled="1" locked="0" class="SimpleFill">
     <Option type="Map">
      <Option name="color" value="49,130,189,40" type="QString" />
      <Option name="joinstyle" value="bevel" type="QString" />
      <Option name="offset" value="0,0" type="QString" />
      <Option name="offset_unit" value="MM" type="QString" />
      <Option name="outline_color" value="49,130,189,255" type="QString" />
      <Option name="outline_style" value="solid" type="QString" />
      <Option name="outline_width" value="0.6" type="QString" />
      <Option name="outline_width_unit" value="MM" type="QString" />
      <Option name="style" value="solid" type="QString" />
     </Option>
    </layer>
   </symbol>
   <symbol clip_to_extent="1" name="4" alpha="1" type="fill" force_rhr="0">
    <layer pass="0" enabled="1" locked="0" class="SimpleFill">
     <Option type="Map">
      <Option name="color" value="158,202,225,40" type="QString" />
      <Option name="joinstyle" value="bevel" type="QString" />
      <Option name="offset" value="0,0" type="QString" />
      <Option name="offset_unit" value="MM" type="QString" />
      <Option name="outline_color" value="158,202,225,255" type="QString" />
      <Option name="outline_style" value="solid" type="QString" />
      <Option name="outline_width" value="0.6" type="QString" />
      <Option name="outline_width_unit" value="MM" type="QString" />
      <Option name="style" value="solid" type="QString" />
     </Option>
    </layer>
   </symbol>
   <symbol clip_to_extent="1" name="5" alpha="1" type="fill" force_rhr="0">
    <layer pass="0" enabled="1" locked="0" class="SimpleFill">
     <Option type="Map">
      <Option name="color" value="254,178,76,40" type="QString" />
      <Option name="joinstyle" value="bevel" type="QString" />
      <Option name="offset" value="0,0" type="QString" />
      <Option name="offset_unit" value="MM" type="QString" />
      <Option name="outline_color" value="254,178,76,255" type="QString" />
      <Option name="outline_style" value="solid" type="QString" />
      <Option name="outline_width" value="0.6" type="QString" />
      <Option name="outline_width_unit" value="MM" type="QString" />
      <Option name="style" value="solid" type="QString" />
     </Option>
    </layer>
   </symbol>
   <symbol clip_to_extent="1" name="6" alpha="1" type="fill" force_rhr="0">
    <layer pass="0" enabled="1" locked="0" class="SimpleFill">
     <Option type="Map">
      <Option name="color" value="158,1,66,40" type="QString" />
      <Option name="joinstyle" value="bevel" type="QString" />
      <Option name="offset" value="0,0" type="QString" />
      <Option name="offset_unit" value="MM" type="QString" />
      <Option name="outline_color" value="158,1,66,255" type="QString" />
      <Option name="outline_style" value="solid" type="QString" />
      <Option name="outline_width" value="0.6" type="QString" />
      <Option name="outline_width_unit" value="MM" type="QString" />
      <Option name="style" value="solid" type="QString" />
     </Option>
    </layer>
   </symbol>
   <symbol clip_to_extent="1" name="7" alpha="1" type="fill" force_rhr="0">
    <layer pass="0" enabled="1" locked="0" class="SimpleFill">
     <Option type="Map">
      <Option name="color" value="94,79,162,40" type="QString" />
      <Option name="joinstyle" value="bevel" type="QString" />
      <Option name="offset" value="0,0" type="QString" />
      <Option name="offset_unit" value="MM" type="QString" />
      <Option name="outline_color" value="94,79,162,255" type="QString" />
      <Option name="outline_style" value="solid" type="QString" />
      <Option name="outline_width" value="0.6" type="QString" />
      <Option name="outline_width_unit" value="MM" type="QString" />
      <Option name="style" value="solid" type="QString" />
     </Option>
    </layer>
   </symbol>
   <symbol clip_to_extent="1" name="8" alpha="1" type="fill" force_rhr="0">
    <layer pass="0" enabled="1" locked="0" class="SimpleFill">
     <Option type="Map">
      <Option name="color" value="215,48,39,0" type="QString" />
      <Option name="joinstyle" value="bevel" type="QString" />
      <Option name="offset" value="0,0" type="QString" />
      <Option name="offset_unit" value="MM" type="QString" />
      <Option name="outline_color" value="215,48,39,255" type="QString" />
      <Option name="outline_style" value="dash" type="QString" />
      <Option name="outline_width" value="0.6" type="QString" />
      <Option name="outline_width_unit" value="MM" type="QString" />
      <Option name="style" value="solid" type="QString" />
     </Option>
    </layer>
   </symbol>
   <symbol clip_to_extent="1" name="9" alpha="1" type="fill" force_rhr="0">
    <layer pass="0" enabled="1" locked="0" class="SimpleFill">
     <Option type="Map">
      <Option name="color" value="189,189,189,40" type="QString" />
      <Option name="joinstyle" value="bevel" type="QString" />
      <Option name="offset" value="0,0" type="QString" />
      <Option name="offset_unit" value="MM" type="QString" />
      <Option name="outline_color" value="189,189,189,255" type="QString" />
      <Option name="outline_style" value="dash" type="QString" />
      <Option name="outline_width" value="0.6" type="QString" />
      <Option name="outline_width_unit" value="MM" type="QString" />
      <Option name="style" value="solid" type="QString" />
     </Option>
    </layer>
   </symbol>
  </symbols>
 </renderer-v2>
</qgis>
