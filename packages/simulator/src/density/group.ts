import type { Element, TransferElement } from './element.ts';

/** Elements on the same few digits, which one pass over the vector applies. */
export interface Group {
  /** Qubits, ascending. */
  readonly qubits: readonly number[];
  readonly elements: readonly TransferElement[];
}

/** Groups that can run on part of the vector, digits of `qubits` together, for all values of the others. */
export interface Stage {
  readonly type: 'stage';
  /** Ascending. */
  readonly qubits: readonly number[];
  readonly groups: readonly Group[];
}

/** A stage, or an element that works on the whole vector. */
export type Step = Stage | Exclude<Element, TransferElement>;

/** How stages are cut. */
export interface StageSizes {
  /** Digits of a chunk. */
  readonly digits: number;
  /** Last digits that every chunk contains, so that it is made of long runs. */
  readonly trailing: number;
  /** Most groups of a stage, since a gradient keeps the chunk before each of them. */
  readonly groups: number;
  /** Bytes that vectors kept for a gradient may take together, as far as four of them allow. */
  readonly kept: number;
}

/** Most elements of a group, which become straight code. */
const MAX_ELEMENTS = 48;

/** Gathers elements into groups and groups into stages. */
export function schedule(
  elements: readonly Element[],
  qubits: number,
  sizes: StageSizes,
): readonly Step[] {
  const steps: Step[] = [];
  let run: TransferElement[] = [];
  const flush = (): void => {
    if (run.length > 0) steps.push(...stagesOf(groupsOf(run), qubits, sizes));
    run = [];
  };
  for (const element of elements) {
    if (element.type === 'transfer') run.push(element);
    else {
      flush();
      steps.push(element);
    }
  }
  flush();
  return steps;
}

/** Puts each element into the last group that touches its digits, if it covers them, or opens a group. */
function groupsOf(elements: readonly TransferElement[]): readonly Group[] {
  const groups: { qubits: number[]; elements: TransferElement[] }[] = [];
  /** Last group on each qubit. */
  const last = new Map<number, number>();
  /** Elements on one qubit that wait for the first group there. */
  const waiting = new Map<number, TransferElement[]>();
  const open = (on: readonly number[]): void => {
    const before = on.flatMap((qubit) => waiting.get(qubit) ?? []);
    for (const qubit of on) {
      waiting.delete(qubit);
      last.set(qubit, groups.length);
    }
    groups.push({ qubits: [...on].sort((a, b) => a - b), elements: before });
  };
  for (const element of elements) {
    const { qubits } = element;
    const latest = groups[Math.max(...qubits.map((qubit) => last.get(qubit) ?? -1))];
    const fits =
      latest !== undefined &&
      latest.elements.length < MAX_ELEMENTS &&
      qubits.every((qubit) => latest.qubits.includes(qubit) && !waiting.has(qubit));
    if (fits) latest.elements.push(element);
    else if (qubits.length > 1) {
      open(qubits);
      groups.at(-1)!.elements.push(element);
    } else {
      const [qubit] = qubits as [number];
      if ((waiting.get(qubit)?.length ?? 0) >= MAX_ELEMENTS) open(qubits);
      waiting.set(qubit, [...(waiting.get(qubit) ?? []), element]);
    }
  }
  // What is left over shares passes, two digits each.
  const rest = [...waiting.keys()].sort((a, b) => a - b);
  for (let i = 0; i < rest.length; i += 2) open(rest.slice(i, i + 2));
  return groups;
}

/** Cuts the sequence of groups into stages on some of the digits, the ones that let most groups run coming first. */
function stagesOf(groups: readonly Group[], qubits: number, sizes: StageSizes): readonly Stage[] {
  const all = Array.from({ length: qubits }, (_, q) => q);
  const stages: Stage[] = [];
  let rest = [...groups];
  while (rest.length > 0) {
    let best: { on: ReadonlySet<number>; count: number } | undefined;
    for (const on of candidates(rest, all, sizes)) {
      const count = runnable(rest, on, sizes.groups).length;
      if (best === undefined || count > best.count) best = { on, count };
    }
    const { on } = best!;
    const chosen = new Set(runnable(rest, on, sizes.groups));
    stages.push({
      type: 'stage',
      qubits: [...on].sort((a, b) => a - b),
      groups: [...chosen],
    });
    rest = rest.filter((group) => !chosen.has(group));
  }
  return stages;
}

/** Sets of digits worth trying: windows, and the digits of the next groups as far as they fit. */
function candidates(
  groups: readonly Group[],
  all: readonly number[],
  { digits, trailing }: StageSizes,
): ReadonlySet<number>[] {
  if (all.length <= digits) return [new Set(all)];
  const tail = all.slice(all.length - trailing);
  const next = new Set(tail);
  for (const { qubits } of groups) {
    const wider = new Set([...next, ...qubits]);
    if (wider.size <= digits) for (const qubit of qubits) next.add(qubit);
  }
  for (const qubit of all.toReversed()) if (next.size < digits) next.add(qubit);
  const free = digits - trailing;
  const windows = Array.from(
    { length: all.length - digits + 1 },
    (_, start) => new Set([...all.slice(start, start + free), ...tail]),
  );
  return [next, ...windows];
}

/** The groups that can run before all others when only these digits are at hand, in order. */
function runnable(groups: readonly Group[], on: ReadonlySet<number>, most: number): Group[] {
  const blocked = new Set<number>();
  const found: Group[] = [];
  for (const group of groups) {
    const { qubits } = group;
    if (found.length < most && qubits.every((qubit) => on.has(qubit) && !blocked.has(qubit)))
      found.push(group);
    else for (const qubit of qubits) blocked.add(qubit);
    if (blocked.size >= on.size && [...on].every((qubit) => blocked.has(qubit))) break;
  }
  return found;
}
