"""Frozen teachers: networks that say what a backbone should learn to say."""

from tinyssl.learn.teachers.base import Teacher, TeacherInfo, TeacherOutput
from tinyssl.learn.teachers.fast import fast
from tinyssl.learn.teachers.registry import TEACHERS, TeacherSpec, build_teacher, teacher_spec_of

__all__ = [
    "TEACHERS",
    "Teacher",
    "TeacherInfo",
    "TeacherOutput",
    "TeacherSpec",
    "build_teacher",
    "fast",
    "teacher_spec_of",
]
