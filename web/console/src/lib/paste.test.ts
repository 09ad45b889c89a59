import { describe, expect, it } from 'vitest'
import { cleanPasted, fileOf } from './paste'

const word = `<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style>p.MsoNormal{margin:0}</style><meta name=Generator content="Microsoft Word 15"></head><body>
<!--StartFragment--><p class=MsoTitle>写作课</p><h3>第一节</h3>
<p class=MsoNormal style='mso-pagination:none'><span style='font-size:12pt;font-weight:bold'>先写</span><span lang=EN-US>&nbsp;</span><i>标题</i><o:p></o:p></p>
<p class=MsoListParagraph style='mso-list:l0 level1 lfo1'><![if !supportLists]><span style='mso-list:Ignore'>1.<span style='font:7pt'>&nbsp;&nbsp;</span></span><![endif]>动词</p>
<p class=MsoListParagraph style='mso-list:l0 level2 lfo1'><span style='mso-list:Ignore'>a)</span>具体</p>
<p class=MsoListParagraph style='mso-list:l0 level1 lfo1'><span style='mso-list:Ignore'>2.</span>数字</p>
<p class=MsoNormal><img width=300 src="file:///C:/Temp/clip_image001.png"></p><table><tr><td><p>甲</p></td><td><p>乙</p></td></tr></table><!--EndFragment--></body></html>`

describe('pasted text', () => {
  it('from Word keeps headings, lists and emphasis, and says what picture did not come along', () => {
    const p = cleanPasted(word)
    expect(p.html).toBe('<h2>写作课</h2><h3>第一节</h3><p><strong>先写</strong> <em>标题</em></p><ol><li><p>动词</p><ol><li><p>具体</p></li></ol></li><li><p>数字</p></li></ol><p>甲 ｜ 乙</p>')
    expect(p.lost).toBe(1)
  })
  it('from an article keeps its paragraphs and drops its dress and its players', () => {
    const p = cleanPasted(`<section data-tools="x" style="margin:10px;background:#eee"><section><span style="font-size:17px;color:rgb(1,2,3)">第一段</span></section><p style="text-align:center"><img class="rich_pages" data-src="https://mmbiz.qpic.cn/mmbiz_png/a/640?wx_fmt=png" src="data:image/gif;base64,R0lGOD"></p>
      <section><strong><span>要点</span></strong>：<a href="https://mp.weixin.qq.com/s/abc" data-linktype="2">原文</a><a href="javascript:alert(1)">坏</a></section><iframe class="video_iframe" src="https://v.qq.com/x"></iframe><mp-common-profile data-id="1"></mp-common-profile><script>alert(1)</script><section style="display:none">暗的</section><p><br></p></section>`)
    expect(p.html).toBe('<p>第一段</p><p><strong>要点</strong>：<a href="https://mp.weixin.qq.com/s/abc">原文</a>坏</p>')
    expect(p.lost).toBe(1)
  })
  it('hands on the pictures that stand in it', () => {
    const p = cleanPasted('<p>前<img src="data:image/png;base64,iVBORw0KGgo=" alt="图&quot;">后</p><img src="/media/0123456789abcdef0123456789abcdef.png"><img src="data:image/svg+xml;base64,PHN2Zz4=">')
    expect(p.html).toBe('<p>前</p><img data-picture="0" alt="图&quot;"><p>后</p><img src="/media/0123456789abcdef0123456789abcdef.png" alt="">')
    expect(p.lost).toBe(1)
    expect(fileOf(p.pictures[0]!, 0)).toMatchObject({ name: '粘贴的图片 1.png', type: 'image/png', size: 8 })
  })
  it('keeps text as text', () => {
    expect(cleanPasted('1 &lt; 2 &amp;&amp; <b style="font-weight:normal"><p>段</p></b>').html).toBe('<p>1 &lt; 2 &amp;&amp;</p><p>段</p>')
    expect(cleanPasted('').html).toBe('')
  })
})
