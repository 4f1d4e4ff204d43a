/** How many requests were refused, by reason, and how many bytes went through. */
export interface Traffic {
  received: number;
  sent: number;
  readonly refused: Record<string, number>;
}
