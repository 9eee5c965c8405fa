//! The frame and the look of the sandbox's own pages. Nothing is fetched from elsewhere, nothing needs a script.

use std::fmt::Write as _;

use crate::networks;

/// Text made safe for element content and quoted attributes.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A whole page. `body` is markup and goes in as it is; `title` is text.
pub(crate) fn page(title: &str, body_class: &str, body: &str) -> String {
    let (title, marks) = (escape(title), marks());
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"robots\" content=\"noindex\">\n\
         <title>{title}</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>{STYLE}{marks}</style>\n</head>\n\
         <body class=\"{body_class}\">\n{body}\n</body>\n</html>\n"
    )
}

/// A round mark with letters. Decoration: the name always stands beside it.
pub(crate) fn mark(letters: &str, class: &str) -> String {
    format!("<span class=\"mark {class}\" aria-hidden=\"true\">{}</span>", escape(letters))
}

/// The networks' marks, each painted as it says itself.
fn marks() -> String {
    let mut css = String::new();
    for network in networks::ALL {
        let (class, look) = (network.slug().0, network.look());
        let _ = write!(
            css,
            ".mark.{class}{{background:{};border-radius:{}}}\n\
             @media (prefers-color-scheme:dark){{.mark.{class}{{background:{}}}}}\n",
            look.light, look.corners, look.dark
        );
    }
    css
}

/// A drawn avatar: initials on a ground that follows from the id.
pub(crate) fn avatar(initials: &str, seed: &str) -> String {
    let hue = seed.bytes().fold(0_u32, |hue, byte| (hue * 31 + u32::from(byte)) % 360);
    let mut svg =
        String::from("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"96\" height=\"96\" viewBox=\"0 0 96 96\">");
    let _ = write!(
        svg,
        "<rect width=\"96\" height=\"96\" fill=\"hsl({hue} 45% 34%)\"/><text x=\"48\" y=\"49\" fill=\"#fff\" \
         font-family=\"system-ui,sans-serif\" font-size=\"38\" font-weight=\"600\" text-anchor=\"middle\" \
         dominant-baseline=\"central\">{}</text></svg>",
        escape(initials)
    );
    svg
}

/// Light and dark by the system's choice; every text keeps 4.5:1, every control edge 3:1.
const STYLE: &str = "
:root{color-scheme:light dark;--ground:#f7f8fa;--surface:#fff;--sunken:#eff2f6;--line:#dde2ea;--edge:#7b8798;
--text:#182233;--muted:#4d5a6e;--accent:#0b5c94;--primary:#14233f;--on-primary:#fff;--primary-hover:#22385f;
--note:#fff6dd;--note-line:#e6cf8a;--note-text:#5f4600}
@media (prefers-color-scheme:dark){:root{--ground:#0e131c;--surface:#161d29;--sunken:#111824;--line:#2a3444;
--edge:#7c8aa0;--text:#e8edf5;--muted:#a9b4c5;--accent:#7cc4f2;--primary:#bfe3fb;--on-primary:#0c1a2e;
--primary-hover:#dcf0fd;--note:#2b2410;--note-line:#5d4d1c;--note-text:#f0d68a}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--text);font:15px/1.5 system-ui,-apple-system,'Segoe UI',sans-serif}
a{color:var(--accent);text-underline-offset:2px}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px;border-radius:4px}
h1{font-size:1.35rem;line-height:1.3;margin:0 0 .25rem}h2{font-size:1rem;line-height:1.4;margin:0}
p{margin:0 0 .75rem}
.muted{color:var(--muted)}.small{font-size:.85rem}
.ribbon{display:flex;flex-wrap:wrap;gap:.25rem .75rem;align-items:center;justify-content:center;padding:.5rem 1rem;
background:var(--note);border-bottom:1px solid var(--note-line);color:var(--note-text);font-size:.875rem;text-align:center}
.mark{display:inline-flex;flex:none;align-items:center;justify-content:center;width:2.5rem;height:2.5rem;
border-radius:50%;color:#fff;font-weight:700;font-size:.95rem;background:#45536a}
.mark.person{background:#45536a}
.consent main{max-width:35rem;margin:2rem auto 3rem;padding:0 1rem}
.card{background:var(--surface);border:1px solid var(--line);border-radius:12px;padding:1.25rem}
.head{display:flex;gap:.9rem;align-items:center;margin-bottom:1.1rem}
fieldset{border:0;margin:0 0 1.25rem;padding:0;min-width:0}
legend{padding:0;font-weight:600;margin-bottom:.5rem}
.choice{display:flex;gap:.75rem;align-items:flex-start;padding:.6rem .75rem;border:1px solid var(--line);
border-radius:8px;margin-bottom:.4rem;cursor:pointer;min-height:3rem}
.choice:hover{background:var(--sunken)}
.choice:has(input:checked){border-color:var(--edge);background:var(--sunken)}
.choice input{flex:none;width:1.15rem;height:1.15rem;margin:.2rem 0 0;accent-color:var(--accent)}
.choice span{min-width:0;overflow-wrap:anywhere}.choice strong{display:block;font-weight:600}
.pages{margin:.25rem 0 .75rem 1.9rem}
.pages legend{font-size:.9rem}
.person:not(:has(input[name=account]:checked))>.pages{display:none}
.actions{display:flex;flex-wrap:wrap;gap:.6rem;justify-content:flex-end}
button{font:inherit;font-weight:600;padding:.65rem 1.2rem;min-height:3rem;border-radius:8px;cursor:pointer;
border:1px solid var(--edge);background:var(--surface);color:var(--text)}
button:hover{background:var(--sunken)}
button.primary{background:var(--primary);border-color:var(--primary);color:var(--on-primary)}
button.primary:hover{background:var(--primary-hover)}
code{font-family:ui-monospace,Menlo,monospace;font-size:.85em;overflow-wrap:anywhere}
.showcase header{background:var(--surface);border-bottom:1px solid var(--line)}
.showcase header>div,.showcase main{max-width:72rem;margin:0 auto;padding:1rem}
.bar{display:flex;flex-wrap:wrap;gap:.5rem 1.5rem;align-items:center;justify-content:space-between}
nav ul{display:flex;flex-wrap:wrap;gap:.4rem;list-style:none;margin:0;padding:0}
nav a{display:inline-block;padding:.45rem .8rem;border:1px solid var(--line);border-radius:8px;text-decoration:none;
color:var(--text);background:var(--surface)}
nav a:hover{background:var(--sunken)}nav a[aria-current]{border-color:var(--accent);color:var(--accent);font-weight:600}
.accounts{display:grid;gap:1rem;grid-template-columns:repeat(auto-fill,minmax(min(100%,20rem),1fr));align-items:start}
.account{background:var(--surface);border:1px solid var(--line);border-radius:12px;overflow:hidden}
.account>.head{margin:0;padding:.9rem 1rem;border-bottom:1px solid var(--line);background:var(--sunken)}
.account>.head>div{min-width:0;overflow-wrap:anywhere}
article{padding:1rem;border-bottom:1px solid var(--line)}article:last-child{border-bottom:0}
article .text{white-space:pre-wrap;overflow-wrap:anywhere;margin:0 0 .75rem}
.media{display:grid;gap:.5rem;grid-template-columns:repeat(auto-fit,minmax(8rem,1fr));margin:0 0 .75rem}
figure{margin:0}figure img,figure video{display:block;width:100%;height:auto;max-height:22rem;object-fit:cover;border-radius:8px;
border:1px solid var(--line);background:var(--sunken)}
figcaption{font-size:.8rem;color:var(--muted);margin-top:.25rem;overflow-wrap:anywhere}
.link{display:block;padding:.6rem .75rem;border:1px solid var(--line);border-radius:8px;margin-bottom:.75rem;
overflow-wrap:anywhere}
.tag{display:inline-block;margin:0 0 .5rem;padding:.1rem .5rem;border:1px solid var(--line);border-radius:999px;
font-size:.8rem;color:var(--muted)}
.comments{list-style:none;margin:0 0 .75rem;padding:0 0 0 .75rem;border-left:3px solid var(--line)}
.comments li{margin:0 0 .35rem;overflow-wrap:anywhere;white-space:pre-wrap}
.empty{padding:3rem 1rem;text-align:center;background:var(--surface);border:1px dashed var(--edge);border-radius:12px}
details{margin-top:1.5rem}summary{cursor:pointer;padding:.4rem 0;font-weight:600}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{text-align:left;padding:.45rem .6rem;border-bottom:1px solid var(--line);overflow-wrap:anywhere}
.scroll{overflow-x:auto}
.sr{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_text_stays_text() {
        assert_eq!(escape("<b a=\"'\">&"), "&lt;b a=&quot;&#39;&quot;&gt;&amp;");
        assert!(page("</title><script>", "x", "").contains("&lt;/title&gt;"));
        assert!(avatar("<", "x").contains("&lt;"));
    }
}
