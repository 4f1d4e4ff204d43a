import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeJson } from './experiment.ts';
import type { Part } from './experiment.ts';

/** What makes results of two runs comparable. */
export interface RunIdentity {
  readonly quick: boolean;
  readonly variant?: string;
  readonly seeds: readonly number[];
  readonly epochs?: number;
}

interface Kept {
  readonly name: string;
  readonly seconds: number;
  readonly result: unknown;
}

/**
 * The parts of a run. Results of finished parts lie in a folder until the whole run is done, so that a run that was
 * stopped goes on where it was. Their names hold a digest of the run's settings and of the experiment's own files:
 * after a change of either nothing old is read.
 */
export class Parts {
  readonly #folder: string;
  readonly #digest: string;
  readonly #show: (share: number, text: string, skipped: number) => void;
  readonly #names = new Set<string>();
  #expected = 0;
  #done = 0;
  #skipped = 0;
  #seconds = 0;

  private constructor(
    folder: string,
    digest: string,
    show: (share: number, text: string, skipped: number) => void,
  ) {
    this.#folder = folder;
    this.#digest = digest;
    this.#show = show;
  }

  /**
   * @param sources Folder of the experiment.
   * @param folder Where to keep results.
   * @param show Called with the share done, what goes on, and the share that was read instead of done.
   */
  static async open(
    sources: string,
    folder: string,
    identity: RunIdentity,
    show: (share: number, text: string, skipped: number) => void,
  ): Promise<Parts> {
    const hash = createHash('sha256').update(JSON.stringify(identity));
    const names = (await readdir(sources)).filter((name) => name.endsWith('.ts')).sort();
    for (const name of names) hash.update(name).update(await readFile(join(sources, name)));
    await mkdir(folder, { recursive: true });
    return new Parts(folder, hash.digest('hex').slice(0, 16), show);
  }

  /** Seconds that earlier runs spent on parts that were read. */
  get earlierSeconds(): number {
    return this.#seconds;
  }

  /** Says how much all parts cost together. */
  expect(cost: number): void {
    this.#expected = cost;
  }

  /** Shows how far the current part is. */
  progress(share: number, text: string, cost = 0): void {
    const total = Math.max(this.#expected, this.#done + cost);
    const now = total === 0 ? share : (this.#done + cost * share) / total;
    this.#show(now, text, total === 0 ? 0 : this.#skipped / total);
  }

  /** Does a part, or reads what an earlier run made of it. */
  async part<T>(name: string, work: (part: Part) => Promise<T>, cost = 1): Promise<T> {
    if (this.#names.has(name)) throw new Error(`there are two parts named ${name}`);
    this.#names.add(name);
    const stem = `${this.#digest}-${createHash('sha256').update(name).digest('hex').slice(0, 12)}`;
    const path = join(this.#folder, `${stem}.json`);
    const checkpoint = join(this.#folder, `${stem}.safetensors`);
    const kept = await readKept(path);
    if (kept !== undefined) {
      this.#done += cost;
      this.#skipped += cost;
      this.#seconds += kept.seconds;
      this.progress(0, `${name}: done before`);
      return kept.result as T;
    }
    this.progress(0, name, cost);
    const start = performance.now();
    const result = await work({
      progress: (share, text) => this.progress(share, `${name}: ${text}`, cost),
      checkpoint,
    });
    const seconds = (performance.now() - start) / 1000;
    // Through JSON in any case, so that a resumed run has the very same numbers.
    const json = JSON.parse(JSON.stringify({ name, seconds, result })) as Kept;
    await writeJson(path, json);
    await rm(checkpoint, { force: true });
    this.#done += cost;
    return json.result as T;
  }

  /** Removes what was kept of this run. */
  async clear(): Promise<void> {
    const names = await readdir(this.#folder);
    const own = names.filter((name) => name.startsWith(this.#digest));
    await Promise.all(own.map((name) => rm(join(this.#folder, name), { force: true })));
    if (own.length === names.length) await rm(this.#folder, { recursive: true, force: true });
  }
}

async function readKept(path: string): Promise<Kept | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Kept;
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return undefined;
    throw error;
  }
}
