/** What an app exports without writing types: each is named in its declarations, though only one entry is imported. */
import { createConvert, memoryStore } from 'convert-middleware';

export const store = memoryStore();
export const convert = createConvert({ store });
export const { open, close, on, stats, forVisitor } = convert;
