// Quantum fast weight programmers: Chen, arXiv:2402.17760.
import type { Experiment, ExperimentOptions, ExperimentResult } from '../../common/experiment.ts';
import { rounded } from '../../common/experiment.ts';
import {
  AGENTS,
  ENVIRONMENTS,
  LEARNING_RATE,
  SETTINGS,
  SOURCE,
  learn,
  randomReturn,
} from './agents.ts';
import { check } from './checks.ts';
import { judge } from './claims.ts';
import type { Evidence } from './claims.ts';
import { BATCH, RATE, forecast, stepTimes } from './forecasts.ts';
import { QLSTM, VARIANTS } from './models.ts';
import { sections, summary } from './presentation.ts';
import { TASKS, simplest, split } from './series.ts';

/** Cost of a run, for the progress bar only. */
const cost = (model: string): number => (model === QLSTM ? 6 : 1);
/** Steps of an agent by room, those of all environments counted. */
const STEPS: Readonly<Record<number, number>> = { 5: 100_000, 6: 150_000, 8: 200_000 };

const experiment: Experiment = {
  number: '10',
  title: 'Quantum fast weight programmers',
  source: 'arXiv:2402.17760',
  async run(options: ExperimentOptions): Promise<ExperimentResult> {
    const { quick, seed, seeds, expect, part } = options;
    const tasks = quick ? TASKS.slice(0, 2) : TASKS;
    const epochs = options.epochs ?? (quick ? 3 : 100);
    const rooms = quick ? [5] : [5, 6, 8];
    const steps = (room: number): number => (quick ? 4000 : STEPS[room]!);

    const forecastJobs = tasks.flatMap((task) =>
      VARIANTS.flatMap((variant) => seeds.map((s) => ({ task, variant, seed: s }))),
    );
    const lessonJobs = rooms.flatMap((room) =>
      AGENTS.filter(({ name }) => name !== SOURCE || (room === 5 && !quick)).flatMap((agent) =>
        seeds.map((s) => ({ room, agent, seed: s })),
      ),
    );
    expect(
      forecastJobs.reduce((sum, { variant }) => sum + cost(variant.name), 0) +
        20 * lessonJobs.length +
        1,
    );

    const checks = await check(seed);
    const forecasts = [];
    for (const { task, variant, seed: s } of forecastJobs) {
      const name = `${task.name}, ${variant.name}, seed ${s}`;
      forecasts.push(
        await part(
          name,
          ({ progress }) => forecast(task, variant, s, epochs, progress),
          cost(variant.name),
        ),
      );
    }
    const lessons = [];
    for (const { room, agent, seed: s } of lessonJobs) {
      const name = `room ${room}, ${agent.name}, seed ${s}`;
      lessons.push(
        await part(name, ({ progress }) => learn(agent, room, s, steps(room), progress), 20),
      );
    }

    const evidence: Evidence = {
      checks,
      forecasts,
      stepTimes: await part('time of a step', () => stepTimes(TASKS[0]!, VARIANTS, quick ? 3 : 60)),
      simplest: Object.fromEntries(
        tasks.map((task) => {
          const { mean, persistence } = simplest(split(task.make()));
          return [task.name, { mean: rounded(mean, 6), persistence: rounded(persistence, 6) }];
        }),
      ),
      lessons,
      random: Object.fromEntries(
        rooms.map((room) => [`${room}`, rounded(randomReturn(room, quick ? 200 : 2000, seed))]),
      ),
      full: !quick && epochs >= 100,
    };
    const settings = {
      epochs,
      batchSize: BATCH,
      optimizer: 'rmsprop',
      learningRate: RATE,
      seeds,
      agents: {
        environments: ENVIRONMENTS,
        steps: Object.fromEntries(rooms.map((room) => [`${room}`, steps(room)])),
        optimizer: 'adam',
        learningRate: LEARNING_RATE,
        ...SETTINGS,
      },
    };
    const sources = Object.fromEntries(tasks.map(({ name, source }) => [name, source]));
    return {
      data: {
        settings,
        series: sources,
        checks,
        stepTimes: evidence.stepTimes,
        simplest: evidence.simplest,
        random: evidence.random,
        forecasts: forecasts.map(({ predicted, trainLoss, validationLoss, ...rest }) => ({
          ...rest,
          trainLoss: everyFifth(trainLoss),
          validationLoss: everyFifth(validationLoss),
          ...(rest.seed === seed ? { predicted } : {}),
        })),
        lessons,
      },
      claims: judge(evidence),
      text: summary(evidence),
      report: sections(evidence),
    };
  },
};

/** Every fifth epoch, for the file. */
function everyFifth(values: readonly number[]): number[] {
  return values.filter((_, i) => (i + 1) % 5 === 0);
}

export default experiment;
