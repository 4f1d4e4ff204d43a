import { FormatError } from '@ketwork/base';
import type { RoundRecord } from './contract.ts';

/** Some of the names of an ordered list as text, or as they are where they are others or in another order. */
type PackedNames = string | readonly string[];

/** A record whose names are places: of those asked in the table of names, of those who answered among those asked. */
interface PackedRecord extends Omit<RoundRecord, 'selected' | 'participants'> {
  readonly selected: PackedNames;
  readonly participants: PackedNames;
}

/** A history in which every name is written down once. */
export interface PackedHistory {
  /** All names, in their order. */
  readonly names: readonly string[];
  readonly records: readonly PackedRecord[];
}

/** What was packed of a history before: records are packed once, and again where somebody appears for the first time. */
interface Packing {
  readonly names: readonly string[];
  readonly places: ReadonlyMap<string, number>;
  readonly made: WeakMap<RoundRecord, PackedRecord>;
}

const packings: WeakMap<readonly RoundRecord[], Packing> = new WeakMap();

/** A history as it is saved: of a round of 500 participants, some hundreds of bytes. */
export function packHistory(history: readonly RoundRecord[]): PackedHistory {
  let packing = packings.get(history);
  const strangers = history.some(
    (record) =>
      packing?.made.has(record) !== true &&
      !record.selected.every((name) => packing?.places.has(name)),
  );
  if (packing === undefined || strangers) {
    const all = new Set(history.flatMap(({ selected }) => selected));
    const names = [...all].toSorted((a, b) => (a < b ? -1 : 1));
    packing = { names, places: placesOf(names), made: new WeakMap() };
    packings.set(history, packing);
  }
  const { names, places, made } = packing;
  const records = history.map((record): PackedRecord => {
    const known = made.get(record);
    if (known !== undefined) return known;
    const { selected, participants } = record;
    const packed = {
      ...record,
      selected: pack(selected, places),
      participants: pack(participants, placesOf(selected)),
    };
    made.set(record, packed);
    return packed;
  });
  return { names, records };
}

/** The history of which this was made. @throws FormatError where it is damaged. */
export function unpackHistory({ names, records }: PackedHistory): RoundRecord[] {
  if (!Array.isArray(names) || !Array.isArray(records)) throw damaged();
  return records.map((record) => {
    const selected = unpack(record.selected, names);
    return { ...record, selected, participants: unpack(record.participants, selected) };
  });
}

const placesOf = (names: readonly string[]): ReadonlyMap<string, number> =>
  new Map(names.map((name, place) => [name, place]));

/** The shorter of two texts: `r` and how many are left out and taken, in turn, in base 36; `b` and a bit for each in base 64. */
function pack(taken: readonly string[], places: ReadonlyMap<string, number>): PackedNames {
  const runs: number[] = [];
  let next = 0;
  for (const name of taken) {
    const place = places.get(name);
    if (place === undefined || place < next) return taken;
    if (place === next && runs.length > 0) runs[runs.length - 1]!++;
    else runs.push(place - next, 1);
    next = place + 1;
  }
  const text = `r${runs.map((run) => run.toString(36)).join(' ')}`;
  if (text.length <= 5 + places.size / 6) return text;
  const bits = new Uint8Array(Math.ceil(places.size / 8));
  for (const name of taken) {
    const place = places.get(name)!;
    bits[place >> 3]! |= 1 << (place & 7);
  }
  return `b${btoa(Array.from(bits, (byte) => String.fromCharCode(byte)).join(''))}`;
}

function unpack(packed: PackedNames, names: readonly string[]): readonly string[] {
  if (typeof packed !== 'string') {
    if (!Array.isArray(packed)) throw damaged();
    return packed;
  }
  const taken = packed.startsWith('r') ? takeRuns(packed, names) : takeBits(packed, names);
  // One array for all rounds in which everybody takes part.
  return taken.length === names.length ? names : taken;
}

function takeRuns(packed: string, names: readonly string[]): readonly string[] {
  const runs = packed.length === 1 ? [] : packed.slice(1).split(' ');
  const taken: string[] = [];
  let place = 0;
  for (const [i, text] of runs.entries()) {
    const next = place + Number.parseInt(text, 36);
    if (!(next >= place && next <= names.length)) throw damaged();
    if (i % 2 === 1) taken.push(...names.slice(place, next));
    place = next;
  }
  return taken;
}

function takeBits(packed: string, names: readonly string[]): readonly string[] {
  let bits: string;
  try {
    bits = atob(packed.slice(1));
  } catch (cause) {
    throw damaged(cause);
  }
  if (!packed.startsWith('b') || bits.length !== Math.ceil(names.length / 8)) throw damaged();
  return names.filter((_, place) => ((bits.charCodeAt(place >> 3) >> (place & 7)) & 1) === 1);
}

const damaged = (cause?: unknown): FormatError =>
  new FormatError('the history of the federation is damaged: it names participants that are none', {
    cause,
  });
