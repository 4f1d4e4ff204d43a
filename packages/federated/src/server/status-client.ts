import type { FederationStatus, ParticipantStatus, RoundPoint } from './status.ts';
import type { RoundRecord } from '../contract.ts';

/**
 * The script of the status page. It is sent to the browser as its own text, so that it may use nothing from outside of
 * itself. It asks for the status with the token that was typed in, or that came behind the `#token=` of the address, keeps
 * the token in memory only, and writes what it gets as text, never as HTML.
 */
export function statusClient(): void {
  const SVG = 'http://www.w3.org/2000/svg';
  const EVERY = 1500;
  const WIDTH = 640;
  const HEIGHT = 260;
  const LEFT = 56;
  const BOTTOM = 28;
  /** Rounds in the table. */
  const SHOWN = 20;
  /** Most points of a line, and most that are drawn as dots besides. */
  const POINTS = 1024;
  const DOTS = 200;
  let token = '';
  let run = '';
  /** Rounds that are known, the last of them, and as many points of all as can be told apart. */
  let known = 0;
  let recent: readonly RoundRecord[] = [];
  let points: readonly RoundPoint[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;

  function element(id: string): HTMLElement {
    return document.querySelector<HTMLElement>(`#${id}`)!;
  }

  function say(id: string, text: string): void {
    const place = element(id);
    if (place.textContent !== text) place.textContent = text;
  }

  function number(value: number | null | undefined, digits = 4): string {
    return typeof value === 'number' ? String(Number(value.toPrecision(digits))) : '–';
  }

  function bytes(value: number): string {
    if (value < 1e3) return `${value} B`;
    return value < 1e6 ? `${number(value / 1e3, 3)} kB` : `${number(value / 1e6, 3)} MB`;
  }

  function duration(seconds: number): string {
    const whole = Math.floor(seconds);
    const minutes = Math.floor(whole / 60);
    if (minutes === 0) return `${whole} s`;
    if (minutes < 60) return `${minutes} min ${whole % 60} s`;
    return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  }

  function draw(name: string, attributes: Readonly<Record<string, string | number>>): SVGElement {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
    return made;
  }

  function text(
    content: string,
    attributes: Readonly<Record<string, string | number>>,
  ): SVGElement {
    const made = draw('text', attributes);
    made.textContent = content;
    return made;
  }

  type Line = readonly { readonly round: number; readonly value: number | null }[];

  /** Lines over rounds; numbers that are null, as NaN is in JSON, leave a gap. */
  function chart(id: string, lines: readonly Line[]): void {
    const place = element(id);
    const values = lines
      .flat()
      .map((point) => point.value)
      .filter((value) => value !== null);
    const count = known;
    if (values.length === 0) {
      place.replaceChildren();
      return;
    }
    const least = Math.min(...values);
    const most = Math.max(...values);
    const low = least === most ? least - Math.max(1e-9, Math.abs(least) / 10) : least;
    const high = least === most ? most + Math.max(1e-9, Math.abs(most) / 10) : most;
    const x = (round: number): number =>
      LEFT + (WIDTH - LEFT - 12) * (count === 1 ? 0.5 : (round - 1) / (count - 1));
    const y = (value: number): number =>
      12 + (HEIGHT - BOTTOM - 24) * (1 - (value - low) / (high - low));
    const parts: SVGElement[] = [];
    for (let tick = 0; tick <= 4; tick++) {
      const value = low + ((high - low) * tick) / 4;
      const at = y(value);
      parts.push(draw('line', { class: 'grid', x1: LEFT, x2: WIDTH - 12, y1: at, y2: at }));
      parts.push(text(number(value, 3), { x: LEFT - 8, y: at + 4, 'text-anchor': 'end' }));
    }
    const steps = Math.max(1, Math.ceil(count / 8));
    for (let round = 1; round <= count; round += steps) {
      parts.push(text(String(round), { x: x(round), y: HEIGHT - 8, 'text-anchor': 'middle' }));
    }
    lines.forEach((line, index) => {
      let path = '';
      let pen = 'M';
      line.forEach(({ round, value }) => {
        if (value === null) {
          pen = 'M';
          return;
        }
        path += `${pen}${x(round).toFixed(1)} ${y(value).toFixed(1)}`;
        pen = 'L';
        if (line.length > DOTS) return;
        parts.push(
          draw('circle', { class: `dot line${index}`, cx: x(round), cy: y(value), r: 2.5 }),
        );
      });
      parts.push(draw('path', { class: `line line${index}`, d: path }));
    });
    place.replaceChildren(...parts);
  }

  function row(cells: readonly string[], head: boolean): HTMLTableRowElement {
    const made = document.createElement('tr');
    cells.forEach((cell, i) => {
      const part = document.createElement(head || i === 0 ? 'th' : 'td');
      part.scope = head ? 'col' : 'row';
      part.textContent = cell;
      made.append(part);
    });
    return made;
  }

  function state(participant: ParticipantStatus): string {
    if (!participant.present) return participant.selected ? 'asked, away' : 'away';
    if (!participant.selected) return 'waiting';
    return participant.answered ? 'answered' : 'training';
  }

  /**
   * Adds the rounds after `since` to those known: records of the last ones, points of all, thinned out where they are many.
   * False where they do not fit, as those of another federation: all are asked for next.
   */
  function learn(status: FederationStatus, since: number): boolean {
    const fits = status.done >= since && (since === 0 || status.run === run);
    run = status.run;
    known = fits ? status.done : 0;
    recent = fits ? [...(since === 0 ? [] : recent), ...status.history].slice(-SHOWN) : [];
    points = fits ? [...(since === 0 ? [] : points), ...status.curve] : [];
    let stride = 1;
    while (points.length > POINTS) {
      stride *= 2;
      const step = stride;
      points = points.filter(({ round }) => round === 1 || round === known || round % step === 0);
    }
    return fits;
  }

  function show(status: FederationStatus): void {
    const { participants } = status;
    const present = participants.filter((participant) => participant.present).length;
    const last = recent.at(-1);
    document.title = `${status.done} of ${status.rounds} rounds · Ketwork federation`;
    say('phase', status.reason === undefined ? status.phase : `${status.phase}: ${status.reason}`);
    say('run', status.run);
    say('rounds', `${status.done} of ${status.rounds}`);
    say('attempt', String(status.attempt));
    say('present', `${present} of ${participants.length}`);
    say('loss', number(last?.loss));
    say('tested', number(last?.evaluation?.loss));
    const spent = number(status.epsilon);
    say('epsilon', status.delta === undefined ? 'not private' : `${spent} at δ = ${status.delta}`);
    const settings = Object.entries(status.strategy.settings).map(
      ([name, value]) => `${name} ${value}`,
    );
    say('strategy', [status.strategy.name, ...settings].join(', '));
    say('size', String(status.size));
    say('traffic', `${bytes(status.bytes.received)} in, ${bytes(status.bytes.sent)} out`);
    const refused = Object.entries(status.refused).map(([why, count]) => `${why} ${count}`);
    say('refused', refused.length === 0 ? 'none' : refused.join(', '));
    say('time', duration(status.seconds));
    const value = (take: (point: RoundPoint) => number | undefined): Line =>
      points.map((point) => ({ round: point.round, value: take(point) ?? null }));
    const empty = (line: Line): boolean => line.every((point) => point.value === null);
    const tested = value((point) => point.tested);
    chart('curve', [value((point) => point.loss), tested]);
    element('legend').hidden = empty(tested);
    const epsilons = value((point) => point.epsilon);
    element('privacy').hidden = empty(epsilons);
    chart('spent', [epsilons]);
    const head = row(['participant', 'state', 'rounds'], true);
    const rows = participants.map((participant) =>
      row([participant.name, state(participant), String(participant.rounds)], false),
    );
    element('participants').replaceChildren(head, ...rows);
    const metrics = Object.keys(last?.evaluation?.metrics ?? {});
    const records = [...recent].reverse();
    element('records').replaceChildren(
      row(['round', 'updates', 'examples', 'loss', 'test loss', ...metrics], true),
      ...records.map((record) =>
        row(
          [
            String(record.round),
            `${record.participants.length} of ${record.selected.length}`,
            String(record.examples),
            number(record.loss),
            number(record.evaluation?.loss),
            ...metrics.map((metric) => number(record.evaluation?.metrics[metric])),
          ],
          false,
        ),
      ),
    );
    element('status').hidden = false;
  }

  async function update(): Promise<void> {
    clearTimeout(timer);
    let again = true;
    try {
      const headers: Record<string, string> =
        token === '' ? {} : { authorization: `Bearer ${token}` };
      const since = known;
      const response = await fetch(since === 0 ? '/status' : `/status?since=${since}`, {
        headers,
        cache: 'no-store',
      });
      if (response.status === 401) {
        again = false;
        element('status').hidden = true;
        element('enter').hidden = false;
        say(
          'message',
          token === '' ? 'The status needs a token.' : 'The coordinator does not know this token.',
        );
      } else if (response.ok) {
        const status = (await response.json()) as FederationStatus;
        element('enter').hidden = true;
        say('message', '');
        if (learn(status, since)) show(status);
      } else say('message', `The coordinator answers with status ${response.status}.`);
    } catch {
      say('message', 'The coordinator does not answer; trying again.');
    }
    if (again) timer = setTimeout(() => void update(), EVERY);
  }

  element('enter').addEventListener('submit', (event) => {
    event.preventDefault();
    const field = document.querySelector<HTMLInputElement>('#token')!;
    token = field.value.trim();
    field.value = '';
    void update();
  });
  const given = /^#token=(.+)$/.exec(location.hash);
  if (given !== null) {
    token = decodeURIComponent(given[1]!);
    history.replaceState(null, '', location.pathname);
  }
  void update();
}
