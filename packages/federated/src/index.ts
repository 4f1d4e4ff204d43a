export type {
  LocalTraining,
  RoundRecord,
  RoundTask,
  Strategy,
  StrategyState,
  Update,
  WeightsLayout,
} from './contract.ts';
