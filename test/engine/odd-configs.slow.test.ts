/** Hundreds of odd project configs that pass validation: the engine loads each, and answers. */
import { oddConfigs } from './odd-configs.js';

oddConfigs(600);
