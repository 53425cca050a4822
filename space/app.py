"easysr on a Hugging Face Space: the page of `easysr_app`, for everybody who opens the Space"
import os
from easysr.app import serve

if __name__=='__main__':       # the work runs in a second process, which imports this file too
    serve(host='0.0.0.0', port=int(os.environ.get('PORT', 7860)), limit=100, embedded=True)
