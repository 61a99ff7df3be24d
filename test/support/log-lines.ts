/** The message of a line of the log, without the code and the address at its end. */
export const messageOf = (line: string): string => line.replace(/ \[CONVERT_[A-Z_]+\] https:\/\/\S+$/, '');
