/** The Convert of this app, its end, and the decorator that hands the context of a request to a controller. */
import { fileURLToPath } from 'node:url';
import {
  createParamDecorator,
  type ExecutionContext,
  Injectable,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { type ConvertContext, createConvert } from 'convert-middleware';

const { CONVERT_SDK_KEY, COLLECTOR: track } = process.env;

/** Without a key, the project of the examples is used, and nothing is sent but to a COLLECTOR of your own. */
const offline = () => ({
  project: fileURLToPath(new URL('../../project.json', import.meta.url)),
  ...(track ? { endpoints: { track } } : { delivery: false as const }),
});

export const convert = createConvert(CONVERT_SDK_KEY ? {} : offline());

/** The context of a request, wherever Nest has an `ExecutionContext`: in guards and interceptors, too. */
export function contextOf(execution: ExecutionContext): ConvertContext {
  return execution.switchToHttp().getRequest<{ convert: ConvertContext }>().convert;
}

/** `hero(@Convert() convert: ConvertContext)` */
export const Convert = createParamDecorator((_data: unknown, execution: ExecutionContext) =>
  contextOf(execution),
);

/** Nest waits for this hook when the server has closed: what was recorded is sent before the process ends. */
@Injectable()
export class ConvertLifetime implements OnApplicationShutdown {
  async onApplicationShutdown(): Promise<void> {
    await convert.close();
  }
}
