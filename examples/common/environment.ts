import ketwork from 'ketwork/package.json' with { type: 'json' };
import { availableParallelism, cpus } from 'node:os';

/** Versions of what a run was made with. */
export function versions(): Record<string, string> {
  return { ketwork: ketwork.version, node: process.version };
}

/** The machine of a run. */
export function machine(): Record<string, string | number> {
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    platform: `${process.platform} ${process.arch}`,
  };
}

/** Most memory the process has taken so far, in MiB. */
export function peakMemory(): number {
  return process.resourceUsage().maxRSS / 1024;
}

/** Processor time the process has taken so far, in seconds. */
export function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
