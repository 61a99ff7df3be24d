/** A page, a guard, an interceptor and a filter, all of which read the context of the request. */
import {
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  ForbiddenException,
  Get,
  Header,
  Injectable,
  Module,
  type NestInterceptor,
  UseFilters,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { ConvertContext } from 'convert-middleware';
import { map, type Observable } from 'rxjs';
import { Convert, ConvertLifetime, contextOf } from './convert.js';

const headlineFor = (convert: ConvertContext): string =>
  convert.runExperience('homepage-hero')?.key === 'bold' ? 'Know what works.' : 'Welcome';

/** Lets nobody in. */
@Injectable()
class MembersOnly implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

/** Hands the decisions on to the page. */
@Injectable()
class WithBridge implements NestInterceptor {
  intercept(execution: ExecutionContext, next: CallHandler<string>): Observable<string> {
    return next.handle().pipe(map((body) => `${body}${contextOf(execution).bridge.script()}`));
  }
}

/** Who may not come in sees the headline of their variation, too. */
@Catch(ForbiddenException)
class DoorPage implements ExceptionFilter {
  constructor(private readonly host: HttpAdapterHost) {}

  catch(_error: ForbiddenException, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const { convert } = http.getRequest<{ convert: ConvertContext }>();
    const { httpAdapter } = this.host;
    httpAdapter.setHeader(http.getResponse(), 'content-type', 'text/html; charset=utf-8');
    httpAdapter.reply(http.getResponse(), `<h1>${headlineFor(convert)}</h1><p>Members only.</p>`, 403);
  }
}

@Controller()
@UseFilters(DoorPage)
class PagesController {
  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  @UseInterceptors(WithBridge)
  home(@Convert() convert: ConvertContext): string {
    return `<h1>${headlineFor(convert)}</h1>`;
  }

  @Get('members')
  @UseGuards(MembersOnly)
  members(): string {
    return 'Hello';
  }
}

@Module({ controllers: [PagesController], providers: [ConvertLifetime] })
export class AppModule {}
