// Entry of the page.
/// <reference types="vite/client" />
import { start } from './app.ts';

await start(document.querySelector<HTMLElement>('#app')!);
