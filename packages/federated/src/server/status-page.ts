import { nodeModule } from '../node.ts';
import { statusClient } from './status-client.ts';

const STYLE = `
:root { color-scheme: light dark; --line: #2563eb; --other: #d97706; --rule: #8884; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1080px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.3rem; } h2 { font-size: 1rem; margin: 1.5rem 0 .5rem; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(190px, 1fr)); gap: .75rem; margin: 0; }
dl div { border: 1px solid var(--rule); border-radius: 8px; padding: .5rem .75rem; }
dt { font-size: .8rem; opacity: .7; } dd { margin: 0; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
svg { width: 100%; max-width: 760px; height: auto; font: 11px system-ui, sans-serif; }
svg text { fill: currentColor; opacity: .75; } .grid { stroke: var(--rule); }
.line { fill: none; stroke-width: 2; } path.line0 { stroke: var(--line); } path.line1 { stroke: var(--other); }
circle.line0 { fill: var(--line); } circle.line1 { fill: var(--other); }
.key0 { color: var(--line); } .key1 { color: var(--other); }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .2rem 1rem .2rem 0; border-bottom: 1px solid var(--rule); font-weight: 400; }
th[scope=col] { opacity: .7; font-size: .85rem; }
form { display: flex; gap: .5rem; } [hidden] { display: none; }
input, button { font: inherit; padding: .3rem .6rem; }
`;

const fact = (id: string, name: string): string =>
  `<div><dt>${name}</dt><dd id="${id}">–</dd></div>`;

const BODY = `
<h1>Ketwork federation</h1>
<p id="message" role="status"></p>
<form id="enter" hidden>
<label for="token">Token</label> <input id="token" type="password" autocomplete="off" required>
<button>Show</button>
</form>
<main id="status" hidden>
<dl>
${fact('phase', 'phase')}${fact('rounds', 'rounds')}${fact('attempt', 'attempt')}
${fact('present', 'participants present')}${fact('loss', 'local loss')}${fact('tested', 'test loss')}
${fact('epsilon', 'ε spent')}${fact('strategy', 'strategy')}${fact('size', 'shared weights')}
${fact('traffic', 'traffic')}${fact('refused', 'refused requests')}${fact('time', 'time')}${fact('run', 'run')}
</dl>
<h2>Loss by round</h2>
<svg id="curve" viewBox="0 0 640 260" role="img" aria-label="Loss by round"></svg>
<p id="legend" hidden><span class="key0">● local</span> <span class="key1">● test</span></p>
<section id="privacy" hidden>
<h2>ε spent by round</h2>
<svg id="spent" viewBox="0 0 640 260" role="img" aria-label="Privacy spent by round"></svg>
</section>
<h2>Last rounds</h2>
<table id="records"></table>
<h2>Participants</h2>
<table id="participants"></table>
</main>
`;

/** A page with the headers it is to be sent with. */
interface Page {
  readonly html: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * The status page: one file without data of its own, which asks `/status` again and again. Its policy lets the browser run
 * this script and no other, load nothing, and talk to nobody but the coordinator.
 */
export function statusPage(): Page {
  const { createHash } = nodeModule('node:crypto', 'federate');
  const hash = (text: string): string =>
    `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  const script = `(${statusClient.toString()})();`;
  const html =
    '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">' +
    '<meta name="viewport" content="width=device-width"><title>Ketwork federation</title>' +
    `<link rel="icon" href="data:,"><style>${STYLE}</style></head><body>${BODY}<script>${script}</script></body></html>\n`;
  const policy = [
    "default-src 'none'",
    `script-src ${hash(script)}`,
    `style-src ${hash(STYLE)}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  return {
    html,
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': policy,
      'Referrer-Policy': 'no-referrer',
      'Cross-Origin-Opener-Policy': 'same-origin',
    },
  };
}
