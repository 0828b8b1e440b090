// What other packages may use of the HTTP servers.
export { openHttpServer, type HttpCall, type HttpServer, type HttpServerParts } from './server/http-server.ts'
export { HTTP_LIMITS, type HttpLimits } from './limits.ts'
export { formatListenAddress, parseListenAddress, type ListenAddress } from './server/listen-address.ts'
export { bodyBytes, dropBody, isBodyUnread, type BodyOptions } from './server/request-body.ts'
export { ended, gone, written } from './server/sending.ts'
export { sendWhole, type WholeAnswer } from './server/whole-answer.ts'
