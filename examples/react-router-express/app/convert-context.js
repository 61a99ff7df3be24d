import { createContext } from 'react-router';

/** The context of the visitor: `context.get(convertContext)` in loaders and actions. */
export const convertContext = createContext();
