#!/bin/sh
# Prints the first Python from 3.11 on that can make a .venv; what is missing is said in one line. PYTHON names another.
probe='
import sys
if sys.version_info < (3, 11): sys.exit(3)
try: import ensurepip, venv
except ImportError: sys.exit(4)
'
if [ "${PYTHON:-}" ]; then
  set -- "$PYTHON"
else
  set -- python3.14 python3.13 python3.12 python3.11 python3 python
fi
old='' bare=''
for python; do
  "$python" -c "$probe" >/dev/null 2>&1
  case $? in
    0) echo "$python"; exit ;;
    3) old=${old:-$python} ;;
    4) bare=${bare:-$python} ;;
  esac
done
install='install Python 3.11 or newer, or name one: PYTHON=/path/to/python make run'
if [ "$bare" ]; then
  echo "$bare cannot make a .venv; on Debian and Ubuntu: apt-get install ${bare##*/}-venv" >&2
elif [ "$old" ]; then
  echo "$old is older than 3.11; $install" >&2
else
  echo "there is no ${PYTHON:-Python} here; $install" >&2
fi
exit 1
