export type {
  LocalTraining,
  RoundRecord,
  RoundTask,
  Strategy,
  StrategyState,
  Update,
  WeightsLayout,
} from './contract.ts';
export { SecureAggregationError } from './secure/error.ts';
export type { SecureAggregationFault } from './secure/error.ts';
