#!/usr/bin/env python3
"""Draw the site's icon and its card for links in messages, nbs/favicon.png and nbs/card.png, from the digital rat."""
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from matplotlib import font_manager

root = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(root))
from easysr.data import sample
from easysr.infer import super_resolve

ink,paper,accent,soft = (11,18,32), (236,242,250), (64,196,180), (150,166,190)

def font(size, weight='regular'):
    "DejaVu Sans, which matplotlib brings along"
    found = font_manager.FontProperties(family='DejaVu Sans', weight=weight)
    return ImageFont.truetype(font_manager.findfont(found), size)

def sagittal(vol, at, height):
    "A sagittal slice as an image of this height: nose to the left, slices as thick as they are"
    i = int(round(at*(vol.spatial_shape[0]-1)))
    x = vol.data[0,i].numpy()[::-1].T[::-1]   # rows from above, columns from the nose
    low,high = 0, np.quantile(x[x>0], .995)
    grey = Image.fromarray((np.clip((x-low)/(high-low), 0, 1)*255).astype(np.uint8))
    width = round(height*x.shape[1]*vol.spacing[1]/(x.shape[0]*vol.spacing[2]))
    return grey.resize((width, height), Image.NEAREST)

def halves(scan, volume, at, height, gap=4):
    "The left half as scanned, the right half as restored, a line between"
    a,b = (sagittal(o, at, height) for o in (scan, volume))
    b = b.resize(a.size)
    out = Image.new('RGB', a.size)
    mid = a.width//2
    out.paste(a.crop((0,0,mid,height)), (0,0))
    out.paste(b.crop((mid,0,a.width,height)), (mid,0))
    ImageDraw.Draw(out).rectangle((mid-gap//2,0,mid+gap//2,height), fill=accent)
    return out

def rounded(img, radius):
    "The image with round corners"
    big = Image.new('L', (img.width*4, img.height*4))
    ImageDraw.Draw(big).rounded_rectangle((0,0,big.width-1,big.height-1), radius*4, fill=255)
    img = img.convert('RGBA')
    img.putalpha(big.resize(img.size, Image.LANCZOS))
    return img

def card(scan, volume):
    "1200 x 630 pixels, as messengers show it"
    out = Image.new('RGB', (1200,630), ink)
    pic = halves(scan, volume, .46, 392, 6)
    pic = rounded(pic, 14)
    x,y = 1200-48-pic.width, (630-pic.height)//2
    out.paste(pic, (x,y), pic)
    d = ImageDraw.Draw(out)
    d.text((x, y+pic.height+14), 'scanned', font=font(24), fill=soft)
    d.text((x+pic.width, y+pic.height+14), 'restored', font=font(24), fill=accent, anchor='ra')
    d.text((48, y+24), 'easysr', font=font(98, 'bold'), fill=paper)
    words = 'Thick-slice MRI\nof rodent brains in,\nisotropic volumes\nout, lying where\nthe scan lay'
    d.multiline_text((52, y+162), words, font=font(36), fill=soft, spacing=12)
    return out

def icon(scan, volume, size=96):
    "The brain in a square, half of it in thick slices"
    pic = halves(scan, volume, .46, size*2, 6)
    mid = pic.width//2
    square = pic.crop((mid-size, 0, mid+size, size*2)).resize((size,size), Image.LANCZOS)
    return rounded(square, size//6)

if __name__ == '__main__':
    scan = sample()
    volume = super_resolve(scan).volume
    card(scan, volume).quantize(128).save(root/'nbs/card.png', optimize=True)
    icon(scan, volume).save(root/'nbs/favicon.png', optimize=True)
    for name in ('card','favicon'):
        print(f'nbs/{name}.png', (root/f'nbs/{name}.png').stat().st_size//1000, 'kB')
