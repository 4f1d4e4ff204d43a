import { ValueError, uniform } from 'ketwork';
import type { Environment, EnvironmentStep, Key } from 'ketwork';

/** What an agent sees of a cell: object, colour and state, numbered as MiniGrid does. */
const EMPTY = [1, 0, 0] as const;
const WALL = [2, 5, 0] as const;
const GOAL = [8, 1, 0] as const;
const VIEW = 7;
/** Steps to the right, down, left and up, by heading. */
const MOVES = [
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
] as const;

/** Options of {@link GridWorld}. */
export interface GridWorldOptions {
  /** 3: left, right, forward; 7: also pick up, drop, toggle and done, which do nothing here. Default 3. */
  readonly actions?: 3 | 7;
  /** Heading at the start, 0 to 3 for right, down, left, up. Default: drawn for every episode. */
  readonly heading?: number;
}

/**
 * An empty room of MiniGrid (Chevalier-Boisvert et al., arXiv:2306.13831), "MiniGrid-Empty": `size` × `size` cells with
 * walls around, the agent in one corner, a goal in the opposite one. What it sees are the 7 × 7 cells in front of it and
 * beside it, turned so that it looks up, column by column from its left, three numbers per cell (object, colour, state):
 * 147 numbers. Reaching the goal earns `1 - 0.9 · steps / max steps`; after `4 size²` steps the episode ends without.
 */
export class GridWorld implements Environment {
  readonly observationSize: number = VIEW * VIEW * 3;
  readonly actions: number;
  /** Cells along a side, walls counted. */
  readonly size: number;
  /** Steps after which an episode ends. */
  readonly maxSteps: number;
  readonly #heading: number | undefined;
  #x = 1;
  #y = 1;
  #direction = 0;
  #steps = 0;

  constructor(size: number, { actions = 3, heading }: GridWorldOptions = {}) {
    if (!Number.isSafeInteger(size) || size < 4)
      throw new ValueError(`GridWorld: ${size} cells along a side leave no room between the walls`);
    this.size = size;
    this.maxSteps = 4 * size * size;
    this.actions = actions;
    this.#heading = heading;
  }

  reset(episode: Key): Float64Array {
    this.#x = 1;
    this.#y = 1;
    this.#direction = this.#heading ?? Math.floor(4 * uniform(episode, 1)[0]!);
    this.#steps = 0;
    return this.#view();
  }

  step(action: number): EnvironmentStep {
    if (!Number.isSafeInteger(action) || action < 0 || action >= this.actions)
      throw new ValueError(`GridWorld: there is no action ${action}`);
    this.#steps++;
    let reward = 0;
    if (action === 0) this.#direction = (this.#direction + 3) % 4;
    else if (action === 1) this.#direction = (this.#direction + 1) % 4;
    else if (action === 2) {
      const [dx, dy] = MOVES[this.#direction]!;
      if (this.#cell(this.#x + dx, this.#y + dy) !== WALL) {
        this.#x += dx;
        this.#y += dy;
      }
      if (this.#cell(this.#x, this.#y) === GOAL) reward = 1 - (0.9 * this.#steps) / this.maxSteps;
    }
    const done = reward > 0 || this.#steps >= this.maxSteps;
    return { observation: this.#view(), reward, done };
  }

  #cell(x: number, y: number): readonly [number, number, number] {
    const last = this.size - 1;
    if (x <= 0 || y <= 0 || x >= last || y >= last) return WALL;
    return x === last - 1 && y === last - 1 ? GOAL : EMPTY;
  }

  #view(): Float64Array {
    const view = new Float64Array(this.observationSize);
    const [fx, fy] = MOVES[this.#direction]!;
    for (let i = 0; i < VIEW; i++) {
      for (let j = 0; j < VIEW; j++) {
        const ahead = VIEW - 1 - j;
        const right = i - (VIEW - 1) / 2;
        const x = this.#x + ahead * fx - right * fy;
        const y = this.#y + ahead * fy + right * fx;
        // The agent's own cell shows what it carries, which is nothing.
        const cell = ahead === 0 && right === 0 ? EMPTY : this.#cell(x, y);
        view.set(cell, 3 * (VIEW * i + j));
      }
    }
    return view;
  }
}
